"""`check_wheel.py WHEEL`: fail unless a wheel holds the package, all of it, and nothing else."""

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("fhr",)


def mistakes(names: set[str]) -> list[str]:
    """What is wrong with a wheel of these files."""
    found = []
    information = {name.split("/")[0] for name in names if name.split("/")[0].endswith(".dist-info")}
    tops = {name.split("/")[0] for name in names}
    if len(information) != 1 or tops - information != set(PACKAGES):
        found.append(f"its top-level names are {sorted(tops)}, not {', '.join(PACKAGES)} and one .dist-info")
    shipped = ("models/shipped_trunk.*", "prediction/shipped_m*")
    kinds = ("**/*.py", "py.typed", "configs/*.yaml", "recording/*.txt", *shipped)
    paths = [path for package in PACKAGES for kind in kinds for path in (ROOT / package).glob(kind)]
    source = {path.relative_to(ROOT).as_posix() for path in paths}
    inside = {name for name in names if name.split("/")[0] in PACKAGES}
    found += [f"{name} is missing" for name in sorted(source - inside)]
    found += [f"{name} does not belong in it" for name in sorted(inside - source)]
    if not any(name.endswith("/LICENSE") for name in names):
        found.append("the licence is missing")
    return found


if __name__ == "__main__":
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        wrong = mistakes({name for name in wheel.namelist() if not name.endswith("/")})
    if wrong:
        sys.exit("\n".join([f"{Path(sys.argv[1]).name}:", *wrong]))
