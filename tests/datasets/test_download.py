"""`download` against a server on this machine that misbehaves; what was served is the oracle."""

import hashlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from download_server import FAULTS, Server, checksums, make_database, serve
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from fhr.datasets import CTUUHB, PUBLISHED, Download, PublishedDatabase, download, verify
from fhr.datasets.download_checksums import parse_checksums
from fhr.datasets.download_client import check_url
from fhr.errors import DatasetNotFoundError, FHRError, FormatError

LIST = "SHA256SUMS.txt"
COMPANIONS = {"LICENSE.txt", "CITATION.txt", ".fhr-download.lock"}
HARMLESS = {"chunked", "length no number"}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, and no pauses between attempts."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make_database(tmp_path_factory.mktemp("published"), 4)


@pytest.fixture
def server(files: dict[str, bytes]) -> Iterator[Server]:
    with serve(files) as server:
        yield server


@pytest.fixture
def fetch(server: Server, tmp_path: Path) -> Callable[..., Download]:
    """`download` from the server into `tmp_path/out`."""

    def run(*, n_records: int | None = 4, checksums_sha256: str | None = None, **options: object) -> Download:
        database = published(server.url, n_records=n_records, checksums_sha256=checksums_sha256)
        return download(database, tmp_path / "out", **{"stall": 20, "workers": 2, "attempts": 3} | options)

    return run


def published(url: str, **fields: object) -> PublishedDatabase:
    terms = {"title": "Sines", "licence": "CC0", "asks": "Nothing.", "citations": ("Nobody 2026",)}
    return PublishedDatabase(**({"url": url, "largest_file": 20_000} | terms | fields))


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - COMPANIONS


def assert_as_served(folder: Path, files: dict[str, bytes]) -> None:
    """Every file that a name stands for is whole, and there is nothing else."""
    assert names(folder) == set(files)
    assert {name: (folder / name).read_bytes() for name in files} == files


def test_a_well_behaved_server(fetch, server, files, tmp_path):
    calls = []
    # One worker: of two, either may ask first.
    report = fetch(progress=lambda done, total: calls.append((done, total)), workers=1)
    assert_as_served(tmp_path / "out", files)
    assert sorted(report.fetched) == sorted(set(files) - {LIST})
    assert (report.kept, report.failed, report.n_records, report.retries) == ((), {}, 4, 0)
    assert calls == [(i, 9) for i in range(10)]
    assert sorted(server.asked) == sorted(files)
    assert server.asked[0] == LIST
    assert "RECORDS" in server.asked[1:3]
    assert CTUUHB(tmp_path / "out").names == ["1001", "1002", "1003", "1004"]
    assert "CC0" in (tmp_path / "out" / "LICENSE.txt").read_text()
    assert "Nobody 2026" in (tmp_path / "out" / "CITATION.txt").read_text()
    plain = tmp_path / "plain"
    plain.touch()
    assert {path.stat().st_mode for path in (tmp_path / "out").glob("*.dat")} == {plain.stat().st_mode}


def test_nothing_but_the_request_is_sent(fetch, server, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    fetch()
    for headers in server.headers:
        assert set(headers) == {"Host", "User-Agent", "Accept-Encoding", "Accept", "Connection"}
        assert headers["User-Agent"].startswith("intrapartum-fhr/")


def test_verified_files_are_not_fetched_again(fetch, server, files, tmp_path):
    fetch()
    server.asked.clear()
    report = fetch()
    assert (server.asked, report.fetched, len(report.kept)) == ([LIST], (), 9)
    (tmp_path / "out" / "1002.dat").unlink()
    assert fetch().fetched == ("1002.dat",)
    assert_as_served(tmp_path / "out", files)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_that_stays_is_told_and_the_rest_fetched(fetch, server, files, tmp_path, fault):
    server.spoil("1001.dat", *[fault] * 20)
    report = fetch(stall={"silence": 0.3, "stall": 0.3, "drip": 0.1}.get(fault, 20), attempts=2)
    assert server.met[fault] >= 1
    assert list(report.failed) == ([] if fault in HARMLESS else ["1001.dat"])
    assert all(len(reason) > 15 for reason in report.failed.values())
    assert_as_served(tmp_path / "out", {name: data for name, data in files.items() if name not in report.failed})
    server.faults.clear()
    assert fetch().fetched == tuple(report.failed)
    assert_as_served(tmp_path / "out", files)


@pytest.mark.parametrize("fault", ["truncated", "web page", "503", "endless", "no length", "length too small"])
def test_a_fault_of_the_list_is_survived(fetch, server, files, tmp_path, fault):
    server.spoil(LIST, fault)
    report = fetch()
    assert (report.failed, report.retries) == ({}, 1)
    assert_as_served(tmp_path / "out", files)


def test_a_list_that_is_not_whole_or_not_the_known_one(fetch, server, files, tmp_path):
    with pytest.raises(FHRError, match="does not match the known hash"):
        fetch(checksums_sha256="0" * 64)
    assert fetch(checksums_sha256=hashlib.sha256(files[LIST]).hexdigest()).failed == {}
    shutil.rmtree(tmp_path / "out")
    server.files[LIST] = b"".join(files[LIST].splitlines(keepends=True)[:5])
    with pytest.raises(FHRError, match="lists 2 records, where the database has 4, 3 times; nothing was changed"):
        fetch()
    assert not (tmp_path / "out").exists()


def test_a_redirection_within_is_followed(fetch, server):
    server.spoil("1001.dat", "redirect within")
    assert fetch().failed == {}


def test_what_is_there_is_not_replaced_unasked(fetch, server, files, tmp_path):
    out = tmp_path / "out"
    fetch()
    (out / "1001.dat").write_bytes(b"my own")
    for name in ("notes.csv", "LICENSE.txt"):
        (out / name).write_text("mine")
    report = fetch()
    assert "is not as published" in report.failed["1001.dat"]
    assert "--overwrite" in report.failed["1001.dat"]
    assert (out / "1001.dat").read_bytes() == b"my own"
    assert fetch(overwrite=True).fetched == ("1001.dat",)
    assert {(out / name).read_text() for name in ("notes.csv", "LICENSE.txt")} == {"mine"}
    server.files["1001.dat"] = b"another version"
    server.files[LIST] = checksums(server.files)
    with pytest.raises(FHRError, match="the folder holds another database or part of one"):
        fetch()
    assert fetch(overwrite=True).fetched == ("1001.dat",)


def test_a_list_without_records_and_with_folders(fetch, server, files, tmp_path):
    del server.files["RECORDS"]
    server.files["more/some notes.txt"] = b"notes"
    server.files["more/some%20notes.txt"] = b"notes"  # as it is asked for
    server.files[LIST] = checksums({n: data for n, data in server.files.items() if "%" not in n})
    server.spoil("1003.dat", *["404"] * 9)
    assert list(fetch().failed) == ["1003.dat"]
    assert (tmp_path / "out" / "more" / "some notes.txt").read_bytes() == b"notes"
    database = CTUUHB(tmp_path / "out")
    assert (database.names, list(database.quarantined)) == (["1001", "1002", "1004"], ["1003"])


NAMES = r"../1001.dat a/../../b a/.. .. . /etc/passwd a//b a/ ..\a C:a a. é %2e%2e/a a?x=1 .fhr-download/a"


@pytest.mark.parametrize("name", [*NAMES.split(), " a", "a\x1b[2J", "a" * 300])
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(FormatError, match=r"no plain name|is not a SHA-256"):
        parse_checksums(f"{'0' * 64}  {name}", origin="here")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "lists no file"),
        (["<html>"], r"line 1 \('<html>'\) is not a SHA-256"),
        (["0" * 64 + "  a", "1" * 64 + "  A"], "line 2: 'A' stands twice, or differs by case alone"),
        (["0" * 64 + "  X/y/z", "1" * 64 + "  x"], "'x' is a file and the folder of 'X/y/z'"),
    ],
)
def test_lists_that_are_refused(lines, reason):
    with pytest.raises(FormatError, match=reason):
        parse_checksums("\n".join(lines), origin="here")


@given(st.text())
@settings(max_examples=20)
def test_no_name_leaves_the_folder(name):
    try:
        (path,) = parse_checksums(f"{'0' * 64}  {name}", origin="here")
    except FormatError:
        return
    assert os.path.normpath(f"/some/folder/{path}") == f"/some/folder/{path}"


def test_a_lost_server_is_given_up(fetch, server):
    many = {f"{i}.txt": b"x" for i in range(40)}
    server.files |= many
    server.files[LIST] = checksums(server.files)
    for name in many:
        server.spoil(name, *["503"] * 9)
    report = fetch(attempts=1)
    assert sum("not tried" in reason for reason in report.failed.values()) >= 20
    server.faults.clear()
    assert fetch().failed == {}


def test_no_server_at_all(tmp_path):
    with serve({}) as server:
        url = server.url
    with pytest.raises(FHRError, match=r"refused.*, 2 times; nothing was changed.*proxy"):
        download(published(url), tmp_path / "out", attempts=2)
    assert list(tmp_path.iterdir()) == []


def test_one_download_at_a_time_and_what_a_disk_refuses(fetch, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with FileLock(out / ".fhr-download.lock"), pytest.raises(FHRError, match="another download is writing"):
        fetch()
    (out / "1001.dat").mkdir()
    with pytest.raises(FHRError, match="Is a directory; what was fetched is kept"):
        fetch(overwrite=True)
    (out / "1001.dat").rmdir()
    assert fetch().failed == {}


def test_verify_tells_missing_and_changed_files(fetch, files, tmp_path):
    out = tmp_path / "out"
    fetch()
    assert len(verify(out).kept) == 9
    (out / "1001.dat").unlink()
    (out / "1002.dat").write_bytes(b"changed")
    failed = verify(out).failed
    assert failed == {"1001.dat": "is missing", "1002.dat": "is not as published: damaged, changed or another file"}
    with pytest.raises(DatasetNotFoundError, match="give a folder that `fhr download` wrote"):
        verify(tmp_path / "nowhere")


def test_arguments(server, tmp_path):
    good = published(server.url, n_records=4)
    with pytest.raises(FHRError, match="no database 'mitdb' to download; there are ctu-uhb"):
        download("mitdb", tmp_path)
    for wrong in ({"workers": 0}, {"attempts": 0}, {"stall": float("nan")}, {"stall": float("inf")}):
        with pytest.raises(FHRError, match=f"{next(iter(wrong))}=.*above 0"):
            download(good, tmp_path, **wrong)
    (tmp_path / "file").touch()
    with pytest.raises(FHRError, match="is a file; name a folder"):
        download(good, tmp_path / "file")
    assert server.asked == []
    with pytest.warns(FutureWarning, match="backoff has no effect"):
        download(good, tmp_path / "out", backoff=0.1)


BAD = """http://physionet.org/ file:///etc/ ftp://a.org/ a.org https:// https://me:secret@a.org/ https://a.org/?a=b
https://a.org/#a http://[::1/ http://128.0.0.1/ http://127.0.0.1:80@a.org/"""


def test_addresses():
    for url in [*BAD.split(), ""]:
        with pytest.raises(FHRError, match="give the https address"):
            check_url(url)
    for url in ("https://a.org/a/", "http://[::1]:80/a/", "http://localhost/", PUBLISHED["ctu-uhb"].url):
        assert check_url(url.rstrip("/")) == url


def test_the_proxy_of_the_environment_is_used(server, files, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/db/"))
    download(published("http://127.0.0.2:9/db/", n_records=4), tmp_path / "out", stall=20)
    assert_as_served(tmp_path / "out", files)


@pytest.mark.process
def test_https(files, tmp_path, monkeypatch):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    pem = tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {tmp_path}/key.pem -out {pem}"
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, tmp_path / "key.pem")
    with serve(files) as plain, serve(files) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        database = published(server.url.replace("http:", "https:"), n_records=4)
        with pytest.raises(FHRError, match=r"CERTIFICATE_VERIFY_FAILED"):
            download(database, tmp_path / "out", attempts=1, stall=20)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
        # It says that it ends the connection: else that may be given to the next file, which then fails.
        to_plain = {"Location": plain.url + "1001.dat", "Connection": "close"}
        monkeypatch.setitem(FAULTS, "to plain", lambda h, data: h.send(b"", 302, **to_plain))
        server.spoil("1001.dat", "to plain")
        report = download(database, tmp_path / "out", attempts=1, stall=20)
        assert "not followed: only https is" in report.failed["1001.dat"]
        assert (plain.asked, len(report.fetched)) == ([], 8)


CHILD = """
import sys
from fhr.datasets import PublishedDatabase, download
database = PublishedDatabase("Sines", sys.argv[1], "CC0", "Nothing.", (), n_records=4)
download(database, sys.argv[2], workers=2, stall=60)
"""


@pytest.mark.process
def test_killed_in_the_middle(fetch, server, files, tmp_path):
    out = tmp_path / "out"
    server.spoil("1003.dat", "stall")
    child = subprocess.Popen([sys.executable, "-c", CHILD, server.url, out])
    try:
        assert server.halfway.wait(600)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    finished = {path.name for path in out.iterdir() if path.is_file()} - COMPANIONS - {LIST}
    assert len(finished & {"RECORDS", "1001.dat", "1001.hea", "1002.dat", "1002.hea"}) >= 4
    assert all((out / name).read_bytes() == files[name] for name in finished)
    assert set(fetch().kept) == finished
    assert_as_served(out, files)


def test_real_records(ctu_uhb, tmp_path):
    listed = (ctu_uhb / LIST).read_text().splitlines(keepends=True)[:20]
    files = {line.split()[1]: (ctu_uhb / line.split()[1]).read_bytes() for line in listed}
    with serve({**files, LIST: "".join(listed).encode()}) as server:
        for name in list(files)[::3]:
            server.spoil(name, "truncated", "wrong bytes")
        database = replace(PUBLISHED["ctu-uhb"], url=server.url, n_records=10)
        assert download(database, tmp_path / "out", stall=20).failed == {}
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files
    assert (len(CTUUHB(tmp_path / "out")), CTUUHB(tmp_path / "out").quarantined) == (10, {})


def test_the_terms_of_ctu_uhb():
    database = PUBLISHED["ctu-uhb"]
    assert database.n_records == 552
    assert "ODC-By" in database.licence_text
    assert "doi:10.1186/1471-2393-14-16" in database.citation_text
