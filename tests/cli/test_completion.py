"""A shell completes verbs, options, names of configurations and files."""

import shutil
import subprocess

import pytest

from fhr.cli.configurations import shipped_configurations

COMPLETED = """
source ./fhr.bash
complete() {
    COMP_WORDS=(fhr "$@"); COMP_CWORD=$#; COMP_LINE="fhr $*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
    _shtab_fhr fhr "${COMP_WORDS[COMP_CWORD]}"; echo "${COMPREPLY[*]}"
}
complete p
complete predict --ca
complete fit --config patch
complete fit --config mi
complete synthesize --config iaa
complete test --ru
complete predict mi
complete crossval --at-once y
"""


@pytest.mark.process
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_verbs_options_names_and_files(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "--print-completion", "bash")
    assert (answer.code, answer.err) == (0, "")
    (tmp_path / "fhr.bash").write_text(answer.out)
    (tmp_path / "mine.yaml").touch()
    told = subprocess.run(["bash", "-c", COMPLETED], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [
        "predict plot",
        "--card",
        "patch_transformer",
        "mine.yaml",
        "iaaft",
        "--run",
        "mine.yaml",
        "yes",
    ]


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_get_a_script_with_the_names(shell, run_fhr, tmp_path):
    answer = run_fhr(tmp_path, f"--print-completion={shell}")
    assert answer.code == 0
    assert f"({' '.join(shipped_configurations())})" in answer.out
    assert "not-out-of-fold" in answer.out


def test_an_unknown_shell_is_refused(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "--print-completion", "ksh")
    assert answer.code == 2
    assert answer.err.splitlines()[-1].startswith("fhr: error: argument --print-completion: invalid choice: 'ksh'")
