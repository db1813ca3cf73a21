"""How the package behaves as a guest: light to load, quiet, tidy, true to its own documents."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import fhr

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "torchmetrics", "pytorch_lightning", "lightning", "mlflow", "sklearn", "jsonargparse")
TRAINING = {"fit", "validate", "test"}
VERBS = sorted(path.stem for path in (ROOT / "fhr/cli").glob("*.py") if "\ndef add_arguments(" in path.read_text())
DOCUMENTS = [name for name in ("README.md", "CONTRIBUTING.md") if (ROOT / name).is_file()]

# Runs verbs inside one interpreter, each as a line of its input, and tells what they had to load.
LOADED_BY = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from fhr.cli import main
answers = []
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code
    answers.append([code, out.getvalue(), err.getvalue(), sorted(set(sys.argv[1:]) & set(sys.modules))])
json.dump(answers, sys.stdout)
"""


def python(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, input=given
    )


@pytest.mark.process
def test_help_and_info_are_light_and_leave_nothing_behind(tmp_path, simulated_folder):
    helps = [["--help"], *([verb, "--help"] for verb in VERBS)]
    asked = [["--version"], ["info", str(next(simulated_folder.glob("*.hea")))], *helps]
    answer = python(tmp_path, "-c", LOADED_BY, *HEAVY, given=json.dumps(asked))
    assert answer.returncode == 0, answer.stderr
    (version, info, *shown) = json.loads(answer.stdout)
    assert version == [0, f"fhr {fhr.__version__}\n", "", []]
    assert info[1].startswith("name,minutes,fs,fhr_loss,")
    assert [info[0], *info[2:]] == [0, "", []]
    for arguments, (code, out, err, heavy) in zip(helps, shown, strict=True):
        assert (arguments, code, err, heavy) == (arguments, 0, "", [])
        assert out.startswith("usage: fhr")
    assert set(verbs_of(shown[0][1])) == {*VERBS, *TRAINING}
    assert list(tmp_path.iterdir()) == []


def verbs_of(help_text: str) -> list[str]:
    return re.findall(r"^ {4}([a-z]+)\b", help_text, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["info"], ["--nonsense", "info", "."], ["info", ".", "--nonsense"], ["simulate", "--n", "few"]],
    ids=" ".join,
)
def test_a_usage_error_exits_with_2_and_shows_the_usage(tmp_path, run_fhr, arguments):
    answer = run_fhr(tmp_path, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("usage: fhr")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_a_process_exits_with_the_code_of_its_verb(tmp_path):
    answer = python(tmp_path, "-m", "fhr", "splits", "nowhere", "--out", "s.json")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("fhr splits: ")


@pytest.mark.parametrize("arguments", [["runs"], ["predict", ".", "--run", "nothing.ckpt"]], ids=" ".join)
def test_a_mistake_in_what_was_given_exits_with_2_and_one_message(tmp_path, run_fhr, arguments):
    answer = run_fhr(tmp_path, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"fhr {arguments[0]}: ")
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_importing_fhr_loads_next_to_nothing_and_leaves_nothing_behind(tmp_path):
    code = f"import sys, fhr; print(sorted(set(sys.modules) & {{'numpy', 'scipy', 'pandas', 'matplotlib', *{HEAVY}}}))"
    assert python(tmp_path, "-c", code).stdout == "[]\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_what_is_public_is_shown_and_found_when_it_is_first_used(tmp_path):
    code = "import sys, fhr; shown = dir(fhr); print(*shown); fhr.errors.FHRError; print('fhr.models' in sys.modules)"
    shown, loaded = python(tmp_path, "-c", code).stdout.splitlines()
    rooms = {path.parent.name for path in (ROOT / "fhr").glob("*/__init__.py")}
    assert set(shown.split()) == {*fhr.__all__, *rooms, "errors"}
    assert loaded == "False"
    assert fhr.testing.check_network.__module__ == "fhr.testing.network_checks"
    assert all(getattr(fhr, name) is not None for name in dir(fhr))
    for name in ("nothing", "_rooms_of_nobody", "deprecation_of_nothing"):
        with pytest.raises(AttributeError, match=f"module 'fhr' has no attribute '{name}'"):
            getattr(fhr, name)


@pytest.mark.process
def test_rooms_that_run_without_torch(tmp_path):
    """Nor do they load what learns, tracks, or has figures of its own; figures of metrics take scikit-learn."""
    heavy = {"torch", "pytorch_lightning", "mlflow", "plotly", "matplotlib.pyplot"}
    rooms = ("recording", "formats", "preprocessing", "datasets", "simulation", "morphology")
    imports = ", ".join(f"fhr.{room}" for room in rooms)
    code = (
        f"import sys, {imports}; print('sklearn' in sys.modules); import fhr.plots; print({heavy} & set(sys.modules))"
    )
    answer = python(tmp_path, "-c", code)
    assert answer.stdout == "False\nset()\n", answer.stderr


def test_the_library_does_not_print():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("fhr",)
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def repository() -> Iterator[Path]:
    """The files under version control, or, where this is no clone, those a clone would have."""
    try:
        listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True)
        names = [name for name in listed.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
    if names:
        yield from (path for path in map(ROOT.joinpath, names) if path.is_file())
        return
    yield from (path for path in ROOT.iterdir() if path.is_file())
    for folder in (".ci", "benchmarks", "configs", "datamodules", "fhr", "notebooks", "tests"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def test_the_top_of_the_tree_holds_what_belongs_there():
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone; a copy may hold files of its owner")
    top = {path.relative_to(ROOT).parts[0] for path in repository()}
    folders = {".ci", "benchmarks", "configs", "datamodules", "fhr", "mlruns", "notebooks", "tests"}
    files = {".gitignore", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md"}
    assert top <= folders | files | {"constraints.txt", "pyproject.toml"}


def test_no_file_names_a_place_on_someones_computer():
    places = {str(ROOT), os.environ.get("FHR_DATA", ""), str(Path.home())} - {"", "/"}
    pattern = re.compile(
        "|".join(
            [*(rf"(?<![\w.]){re.escape(place)}(?![\w-])" for place in places), r"(?<![\w.])/(?:home|Users|root)/\w"]
        )
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in repository()
        for match in pattern.finditer(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []


def test_constraints_pin_versions_and_name_no_place():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    wrong = [line for line in pins if not re.fullmatch(r'[\w.-]+==\d[\w.]*(?: ; [\w. <>="]+)?', line)]
    assert wrong == []
    pinned = {_canonical(pin.split("==")[0]) for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {_canonical(re.match(r"[\w.-]+", one)[0]) for one in asked} - pinned == set()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == fhr.__version__
    assert f"\nversion: {fhr.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    date = re.search(r'^date-released: "(.*)"$', (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert f"### {fhr.__version__} ({date})" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_files_that_exist(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"(?<![\w./-])(?:fhr|datamodules|configs|notebooks|tests|benchmarks|\.ci)/[\w./-]*", text)
    assert [name for name in named if not (ROOT / name.rstrip(".")).exists()] == []
    linked = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    assert [link for link in linked if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_commands_that_exist(document, tmp_path):
    text = (ROOT / document).read_text(encoding="utf-8")
    commands = "\n".join(
        [*re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL), *re.findall(r"`([^`\n]+)`", text)]
    )
    verbs = re.findall(r"^(?:\$ )?(?:\.venv/bin/)?fhr ([a-z]+)\b", commands, re.MULTILINE)
    assert set(verbs) - {*VERBS, *TRAINING} == set()
    targets = re.findall(r"^(?:\$ )?make ([a-z]+)\b", commands, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
