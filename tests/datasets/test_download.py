"""`download` against a server on this machine that misbehaves in every way; what was served is the oracle."""

import hashlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from download_server import FAULTS, Server, checksums, make_database, serve
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from fhr.datasets import CTUUHB, PUBLISHED, Download, PublishedDatabase, download, verify
from fhr.datasets.download_answer import FetchError
from fhr.datasets.download_checksums import parse_checksums
from fhr.datasets.download_connection import check_url
from fhr.datasets.download_request import Client
from fhr.errors import DatasetNotFoundError, FHRError, FormatError

LIST = "SHA256SUMS.txt"
COMPANIONS = {"LICENSE.txt", "CITATION.txt", ".fhr-download.lock"}
LARGEST = 20_000  # bytes; the signal files of the small database have 9,600
HONEST = {"length too large", "no length", "chunked", "redirect within", "length negative", "length no number"}
BLOCKED_BY_STALLS = {"stall", "silence"}
TOO_LONG = {"drip", "endless continue"}  # end by the limit on a whole request; tested apart


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make_database(tmp_path_factory.mktemp("published"), 4)


@pytest.fixture
def server(files: dict[str, bytes]) -> Iterator[Server]:
    with serve(files) as server:
        yield server


@pytest.fixture
def fetch(server: Server, tmp_path: Path) -> Callable[..., Download]:
    """`download` from the server into `tmp_path/out`, with short pauses."""

    def run(*, n_records: int | None = 4, checksums_sha256: str | None = None, **options: object) -> Download:
        options = {"stall": 20, "backoff": 0.001, "workers": 2} | options
        database = published(server.url, n_records=n_records, checksums_sha256=checksums_sha256)
        return download(database, tmp_path / "out", **options)

    return run


def published(url: str, **fields: object) -> PublishedDatabase:
    terms = {"title": "Sines", "licence": "CC0", "asks": "Nothing.", "citations": ("Nobody 2026",)}
    return PublishedDatabase(**({"url": url, "largest_file": LARGEST} | terms | fields))


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - COMPANIONS


def assert_as_served(folder: Path, files: dict[str, bytes]) -> None:
    """Every file that a name stands for is whole, and there is nothing else."""
    assert names(folder) == set(files)
    assert {name: (folder / name).read_bytes() for name in files} == files


def assert_nothing_wrong(folder: Path, files: dict[str, bytes]) -> None:
    for name in names(folder):
        if not name.endswith(".part"):
            assert (folder / name).read_bytes() == files[name]


def test_a_well_behaved_server(fetch, server, files, tmp_path):
    calls = []
    report = fetch(progress=lambda done, total: calls.append((done, total)))
    assert_as_served(tmp_path / "out", files)
    assert sorted(report.fetched) == sorted(set(files) - {LIST})
    assert (report.kept, report.failed, report.n_records, report.retries) == ((), {}, 4, 0)
    assert calls == [(i, 9) for i in range(10)]
    assert sorted(request.path for request in server.requests) == sorted(files)
    assert server.requests[0].path == LIST
    assert "RECORDS" in [request.path for request in server.requests[1:3]]
    assert CTUUHB(tmp_path / "out").names == ["1001", "1002", "1003", "1004"]
    assert "CC0" in (tmp_path / "out" / "LICENSE.txt").read_text()
    assert "Nobody 2026" in (tmp_path / "out" / "CITATION.txt").read_text()


def test_nothing_but_the_request_is_sent(fetch, server):
    fetch()
    for request in server.requests:
        assert set(request.headers) == {"Host", "User-Agent", "Accept-Encoding", "Connection"}
        assert request.headers["User-Agent"].startswith("intrapartum-fhr/")
        assert request.headers["Accept-Encoding"] == "identity"


def test_verified_files_are_not_fetched_again(fetch, server, files, tmp_path):
    fetch()
    server.requests.clear()
    report = fetch()
    assert [request.path for request in server.requests] == [LIST]
    assert (report.fetched, len(report.kept)) == ((), 9)
    (tmp_path / "out" / "1002.dat").unlink()
    assert fetch().fetched == ("1002.dat",)
    assert_as_served(tmp_path / "out", files)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - TOO_LONG))
def test_every_fault_is_survived(fetch, server, files, tmp_path, fault):
    server.spoil("1001.dat", fault)
    report = fetch(stall=0.5 if fault in BLOCKED_BY_STALLS else 20, attempts=12 if fault == "redirect loop" else 5)
    server.faults.clear()
    assert server.met[fault] >= 1
    if fault == "redirect loop":  # which never ends
        assert list(report.failed) == ["1001.dat"]
        assert fetch().fetched == ("1001.dat",)
    else:
        assert report.failed == {}
    assert_as_served(tmp_path / "out", files)
    if fault not in BLOCKED_BY_STALLS and fault != "redirect loop":
        # With too large a length all bytes are there when the connection ends: they are not asked for again.
        wanted = 0 if fault in HONEST - {"length too large"} | {"range ignored"} else 1
        wanted += fault == "truncated and wrong"  # which shows only when the rest has come
        assert report.retries == wanted
        asked = len(server.asked("1001.dat"))
        assert asked == {"length too large": 1, "redirect within": 2}.get(fault, 1 + wanted)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - TOO_LONG - BLOCKED_BY_STALLS))
def test_every_fault_is_survived_in_a_resumed_file(fetch, server, files, tmp_path, fault):
    out = tmp_path / "out"
    out.mkdir()
    (out / "1001.dat.part").write_bytes(files["1001.dat"][:4000])
    server.spoil("1001.dat", fault)
    report = fetch(attempts=12 if fault == "redirect loop" else 5)
    server.faults.clear()
    if fault == "redirect loop":
        fetch()
    else:
        assert report.failed == {}
    assert server.asked("1001.dat")[0].headers["Range"] == "bytes=4000-"
    assert report.retries == 0 or fault not in ("range ignored", "chunked", "redirect within")
    assert_as_served(out, files)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("range wrong", "the server sends another range than bytes 4000 on"),
        ("range short", "the server sends a range that ends before the file does"),
        ("416", "the server has fewer bytes than were received"),
    ],
)
def test_the_reason_in_a_resumed_file(fetch, server, files, tmp_path, fault, reason):
    part = tmp_path / "out" / "1001.dat.part"
    part.parent.mkdir()
    part.write_bytes(files["1001.dat"][:4000])
    server.spoil("1001.dat", fault)
    assert reason in fetch(attempts=1).failed["1001.dat"]
    assert not part.exists()  # the next request is for the whole


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - TOO_LONG - HONEST - BLOCKED_BY_STALLS - {"redirect loop"}))
def test_a_fault_that_stays_is_told_and_the_rest_kept(fetch, server, files, tmp_path, fault):
    out = tmp_path / "out"
    server.spoil("1001.dat", *[fault] * 20)
    report = fetch(attempts=3)
    if fault in ("range ignored", "truncated", "reset"):  # which get there by and by
        assert report.failed == {} or fault != "range ignored"
    else:
        assert list(report.failed) == ["1001.dat"]
        assert report.retries == 2
        assert len(report.failed["1001.dat"]) > 20
    assert_nothing_wrong(out, files)
    assert len(report.fetched) >= 8
    server.faults.clear()
    assert fetch().failed == {}
    assert_as_served(out, files)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("silence", "127.0.0.1 sent nothing for 0.3 s"),
        ("stall", "127.0.0.1 sent nothing for 0.3 s"),
        ("wrong bytes", "what came has not the published SHA-256"),
        ("length huge", "1000000000000000 bytes are announced, where 20000 are the most"),
        ("endless", "no end within the bytes"),
        ("endless chunks", "no end within the bytes"),
        ("web page", "a web page came in place of the file"),
        ("404", "the server answers 404 (Not Found)"),
        ("304", "the server answers 304"),
        ("429", "the server answers 429"),
        ("gzip", "the server sends gzip encoding"),
        ("redirect to a file", "redirected to file:///etc/hostname, which is not followed"),
        ("redirect to ftp", "redirected to ftp://127.0.0.1/1001.dat, which is not followed"),
        ("redirect to http", "redirected to http://example.invalid/1001.dat, which is not followed: only https is"),
    ],
)
def test_the_reason_is_told(fetch, server, fault, reason):
    server.spoil("1001.dat", *[fault] * 4)
    stall = 0.3 if fault in BLOCKED_BY_STALLS else 20
    report = fetch(attempts=1, stall=stall)
    assert reason in report.failed["1001.dat"]


def test_no_more_is_read_than_a_file_may_have(server):
    for fault in ("endless", "endless chunks"):
        server.spoil("1001.dat", fault)
        got: list[bytes] = []
        with (
            Client(stall=20, longest=60) as client,
            client.get(server.url + "1001.dat", limit=5000) as body,
            pytest.raises(FetchError, match="no end"),
        ):
            got.extend(body.blocks)
        assert len(b"".join(got)) == 5000


@pytest.mark.parametrize("fault", sorted(TOO_LONG))
def test_a_server_that_never_falls_silent_is_cut_off(server, fault):
    server.spoil("1001.dat", fault)
    with (
        Client(stall=20, longest=0.5) as client,
        pytest.raises(FetchError, match=r"not whole after 0\.5 s"),
        client.get(server.url + "1001.dat", limit=LARGEST) as body,
    ):
        assert b"".join(body.blocks) == b"never"


def test_a_part_is_gone_on_with(fetch, server, files, tmp_path):
    server.spoil("1001.dat", "truncated", "reset", "truncated")
    report = fetch()
    assert (report.failed, report.retries) == ({}, 3)
    ranges = [request.headers.get("Range") for request in server.asked("1001.dat")]
    assert ranges[0] is None
    starts = [int(value.removeprefix("bytes=").rstrip("-")) for value in ranges[1:]]
    assert starts[0] == len(files["1001.dat"]) // 2
    assert starts == sorted(starts)
    assert_as_served(tmp_path / "out", files)


@pytest.mark.parametrize("part", [b"", b"rubbish", b"x" * 9_600, b"y" * 9_601, b"z" * (LARGEST + 1), "whole"])
def test_whatever_a_part_holds_the_file_comes_out_right(fetch, server, files, tmp_path, part):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "1001.dat.part").write_bytes(files["1001.dat"] if part == "whole" else part)
    assert fetch().failed == {}
    assert_as_served(tmp_path / "out", files)
    if part == "whole":
        assert server.asked("1001.dat") == []


def test_other_files_are_left_alone_unless_told_otherwise(fetch, server, files, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "1001.dat").write_bytes(b"my own")
    (out / "notes.csv").write_text("mine")
    (out / "LICENSE.txt").write_text("mine too")
    report = fetch()
    assert list(report.failed) == ["1001.dat"]
    assert "--overwrite" in report.failed["1001.dat"]
    assert (out / "1001.dat").read_bytes() == b"my own"
    assert server.asked("1001.dat") == []
    assert fetch(overwrite=True).failed == {}
    assert (out / "notes.csv").read_text() == "mine"
    assert (out / "LICENSE.txt").read_text() == "mine too"
    (out / "notes.csv").unlink()
    assert_as_served(out, files)


def test_records_are_named_where_the_list_does_not(fetch, server, files, tmp_path):
    del server.files["RECORDS"]
    server.files[LIST] = checksums({name: data for name, data in files.items() if name not in ("RECORDS", LIST)})
    server.spoil("1003.dat", *["404"] * 9)
    report = fetch()
    assert (list(report.failed), server.asked("RECORDS")) == (["1003.dat"], [])
    database = CTUUHB(tmp_path / "out")
    assert (database.names, list(database.quarantined)) == (["1001", "1002", "1004"], ["1003"])
    server.files[LIST] = checksums({name: data for name, data in files.items() if name.startswith("1001")})
    assert fetch(n_records=1, overwrite=True).failed == {}
    assert CTUUHB(tmp_path / "out").names == ["1001"]


def test_folders_within_a_database(fetch, server, files, tmp_path):
    server.files["more/notes.txt"] = b"notes"
    server.files[LIST] = checksums({k: v for k, v in server.files.items() if k != LIST})
    assert fetch().failed == {}
    assert (tmp_path / "out" / "more" / "notes.txt").read_bytes() == b"notes"


# Wrong bytes of the list are for TLS to keep out, where its own checksum is not known; without, a file cannot be had.
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - TOO_LONG - BLOCKED_BY_STALLS - {"redirect loop", "wrong bytes"}))
def test_the_list_itself_is_served_badly(fetch, server, files, tmp_path, fault):
    server.spoil(LIST, fault)
    report = fetch()
    assert report.failed == {}
    if "length n" in fault or fault == "no length":  # right as it is, but a truncated one would not show
        assert report.retries == 1
    assert_as_served(tmp_path / "out", files)


def test_a_list_cut_at_a_line_is_noticed(fetch, server, files, tmp_path):
    server.files[LIST] = b"".join(files[LIST].splitlines(keepends=True)[:5])
    with pytest.raises(FHRError, match="lists 2 records, where the database has 4"):
        fetch(attempts=2)
    assert len(server.requests) == 2
    assert not (tmp_path / "out").exists()


def test_a_list_of_known_checksum(fetch, server, files, tmp_path):
    right = hashlib.sha256(files[LIST]).hexdigest()
    server.spoil(LIST, "wrong bytes")
    report = fetch(checksums_sha256=right)
    assert (report.failed, report.retries) == ({}, 1)
    with pytest.raises(FHRError, match="is not the one that is known"):
        fetch(checksums_sha256="0" * 64, attempts=1)


def test_another_database_in_the_folder(fetch, server, files, tmp_path):
    fetch()
    server.files["1001.dat"] = b"another version"
    server.files[LIST] = checksums({k: v for k, v in server.files.items() if k != LIST})
    with pytest.raises(FHRError, match="the folder holds another database or part of one"):
        fetch()
    assert_as_served(tmp_path / "out", files)
    assert fetch(overwrite=True).fetched == ("1001.dat",)


HOSTILE = [
    "../1001.dat",
    "a/../../1001.dat",
    "a/..",
    "..",
    ".",
    "/etc/passwd",
    "//host/share",
    "a//b",
    "a/",
    "..\\1001.dat",
    "C:1001.dat",
    "C:\\1001.dat",
    "1001.dat.part",
    "1001.dat\x00",
    "a\x1b[2J",
    "a.",
    " a",
    "é",
    "%2e%2e/1001.dat",
    "1001.dat?x=1",
    "a" * 300,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_lead_elsewhere_are_refused(fetch, server, files, tmp_path, name):
    server.files[LIST] = files[LIST] + f"{'0' * 64}  {name}\n".encode()
    with pytest.raises(FHRError, match=r"no plain name|is not a SHA-256"):
        fetch(attempts=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "lists no file"),
        (["<html>"], r"line 1 \('<html>'\) is not a SHA-256"),
        (["0" * 63 + "  a"], "line 1"),
        (["0" * 64 + "  a", "1" * 64 + "  a"], "line 2: 'a' stands twice"),
        (["0" * 64 + "  a", "1" * 64 + "  A"], "'A' and 'a' are one file"),
        (["0" * 64 + "  a", "1" * 64 + "  a/b"], "'a' is a file and the folder of 'a/b'"),
        (["0" * 64 + "  x/y/z", "1" * 64 + "  X"], "'X' is a file and the folder of 'x/y/z'"),
    ],
)
def test_lists_that_are_refused(lines, reason):
    with pytest.raises(FormatError, match=reason):
        parse_checksums("\n".join(lines), origin="here")


@given(st.text())
def test_no_name_leaves_the_folder(name):
    try:
        (path,) = parse_checksums(f"{'0' * 64}  {name}", origin="here")
    except FormatError:
        return
    root = Path("/some/folder")
    assert Path(os.path.normpath(root / path)).is_relative_to(root)
    assert os.path.normpath(root / path) == str(root / path)


def test_the_list_as_sha256sum_writes_it(files, tmp_path):
    if shutil.which("sha256sum") is None:
        pytest.skip("needs sha256sum")
    (tmp_path / "a b.dat").write_bytes(b"1")
    (tmp_path / "c").write_bytes(b"2")
    for mode in ("--text", "--binary"):
        text = subprocess.check_output(["sha256sum", mode, "a b.dat", "c"], cwd=tmp_path, text=True)
        found = parse_checksums(text, origin="here")
        assert found == {"a b.dat": hashlib.sha256(b"1").hexdigest(), "c": hashlib.sha256(b"2").hexdigest()}


def test_a_lost_server_is_given_up(fetch, server, files, tmp_path):
    many = {f"{i}.txt": b"x" for i in range(40)}
    server.files |= many
    server.files[LIST] = checksums({k: v for k, v in server.files.items() if k != LIST})
    for name in many:
        server.spoil(name, *["503"] * 9)
    report = fetch(attempts=2)
    assert sum(server.met.values()) <= 2 * 20  # ten files, and those under way, which a busy machine has more of
    assert sum("not tried" in reason for reason in report.failed.values()) >= 20
    server.faults.clear()
    assert fetch().failed == {}


def test_no_server_at_all(tmp_path):
    with serve({}) as server:
        url = server.url
    with pytest.raises(FHRError, match=r"no connection to 127.0.0.1 .*refused.*, 2 times; nothing was changed.*proxy"):
        download(published(url), tmp_path / "out", attempts=2, backoff=0.001)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full(fetch, server, files, tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    out = tmp_path / "out"
    out.mkdir()
    (out / "1002.dat.part").symlink_to("/dev/full")
    with pytest.raises(FHRError, match="No space left on device; what was fetched is kept"):
        fetch()
    assert_nothing_wrong(out, files)
    (out / "1002.dat.part").unlink()
    assert fetch().failed == {}
    assert_as_served(out, files)


def test_one_download_at_a_time(fetch, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with FileLock(out / ".fhr-download.lock"), pytest.raises(FHRError, match="another download is writing"):
        fetch()
    assert fetch().failed == {}


def test_verify_tells_missing_and_changed_files(fetch, files, tmp_path):
    out = tmp_path / "out"
    fetch()
    assert verify(out) == Download(
        out, (), tuple(sorted(set(files) - {LIST}, key=lambda n: (n != "RECORDS", n))), {}, 4
    )
    (out / "1001.dat").unlink()
    (out / "1002.dat").write_bytes(b"changed")
    (out / "1003.dat").unlink()
    (out / "1003.dat").mkdir()
    failed = verify(out).failed
    assert set(failed) == {"1001.dat", "1002.dat", "1003.dat"}
    assert failed["1001.dat"] == "is missing"
    assert failed["1002.dat"].startswith("is not as published")
    with pytest.raises(DatasetNotFoundError, match="give a folder that `fhr download` wrote"):
        verify(tmp_path / "nowhere")


def test_arguments(server, tmp_path):
    good = published(server.url)
    with pytest.raises(FHRError, match="no database 'mitdb' to download; there are ctu-uhb"):
        download("mitdb", tmp_path)
    for wrong in ({"workers": 0}, {"attempts": 0}, {"stall": float("nan")}, {"stall": float("inf")}, {"backoff": -1}):
        with pytest.raises(FHRError, match=f"{next(iter(wrong))}=.*above 0"):
            download(good, tmp_path, **wrong)
    (tmp_path / "file").touch()
    with pytest.raises(FHRError, match="is a file; name a folder"):
        download(good, tmp_path / "file")
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://physionet.org/files/",
        "file:///etc/",
        "ftp://physionet.org/",
        "physionet.org",
        "https://",
        "https://user:secret@physionet.org/",
        "https://physionet.org/?a=b",
        "https://physionet.org/#a",
        "https://physionet.org:port/",
        "http://[::1/",
        "http://128.0.0.1/",
        "",
    ],
)
def test_addresses_that_are_refused(url, tmp_path):
    with pytest.raises(FHRError, match="give the https address"):
        download(published(url), tmp_path / "out")


def test_addresses_that_are_taken():
    assert check_url("https://physionet.org/a") == "https://physionet.org/a/"
    assert check_url("http://[::1]:80/a/") == "http://[::1]:80/a/"
    assert check_url(PUBLISHED["ctu-uhb"].url) == PUBLISHED["ctu-uhb"].url


def test_the_proxy_of_the_environment_is_used(fetch, server, files, tmp_path, monkeypatch):
    proxy = server.url.removesuffix("/db/")
    monkeypatch.setenv("http_proxy", proxy)
    closed = published("http://127.0.0.2:9/db/", n_records=4)
    assert download(closed, tmp_path / "out", stall=20).failed == {}
    assert_as_served(tmp_path / "out", files)
    assert {request.headers["Host"] for request in server.requests} == {"127.0.0.2:9"}
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(FHRError, match=r"no connection to physionet.org .*403"):
        download(PUBLISHED["ctu-uhb"], tmp_path / "other", attempts=1, stall=20)
    assert server.requests[-1].path == "physionet.org:443"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate with its key, of nobody's trust."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    path, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += [
        "-keyout",
        key,
        "-out",
        path,
        "-days",
        "2",
        "-subj",
        "/CN=test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(command, check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


def test_https(files, certificate, tmp_path, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serve(files) as plain, serve(files) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        database = published(server.url.replace("http:", "https:"), n_records=4)
        options = {"attempts": 1, "stall": 20}
        with pytest.raises(FHRError, match=r"certificate of 127.0.0.1 cannot be verified .*set SSL_CERT_FILE"):
            download(database, tmp_path / "out", **options)
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        FAULTS["to plain http"] = lambda h, data: h.refuse(302, ("Location", plain.url + "1001.dat"))
        server.spoil("1001.dat", "to plain http")
        report = download(database, tmp_path / "out", **options)
        del FAULTS["to plain http"]
        assert "not followed: only https is" in report.failed["1001.dat"]
        assert plain.requests == []
        assert download(database, tmp_path / "out", **options).fetched == ("1001.dat",)
    assert_as_served(tmp_path / "out", files)


CHILD = """
import sys
from fhr.datasets import PublishedDatabase, download
database = PublishedDatabase("Sines", sys.argv[1], "CC0", "Nothing.", (), n_records=4)
download(database, sys.argv[2], workers=2, stall=60, backoff=0.001)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_in_the_middle(fetch, server, files, tmp_path, how):
    out = tmp_path / "out"
    server.spoil("1003.dat", "stall")
    server.spoil("1003.hea", "silence")
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, server.url, out],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert server.halfway.wait(60)
        part = out / "1003.dat.part"
        wait_until(lambda: part.is_file() and part.stat().st_size == len(files["1003.dat"]) // 2)
        child.send_signal(how)
        _, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == -how, err
    assert_nothing_wrong(out, files)
    finished = {name for name in names(out) if not name.endswith(".part")} - {LIST}
    assert len(finished & {"RECORDS", "1001.dat", "1001.hea", "1002.dat", "1002.hea"}) >= 4
    assert not finished & {"1003.dat", "1003.hea"}
    server.faults.clear()
    report = fetch()
    assert set(report.kept) == finished
    assert_as_served(out, files)
    assert [len(server.asked(name)) for name in sorted(finished)] == [1] * len(finished)
    assert server.asked("1003.dat")[-1].headers["Range"] == f"bytes={len(files['1003.dat']) // 2}-"


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        threading.Event().wait(0.01)
    pytest.fail("this never came to be")


def test_real_records(ctu_uhb, tmp_path):
    listed = (ctu_uhb / LIST).read_text().splitlines(keepends=True)[:20]
    files = {line.split()[1]: (ctu_uhb / line.split()[1]).read_bytes() for line in listed}
    with serve({**files, LIST: "".join(listed).encode()}) as server:
        for name in list(files)[::3]:
            server.spoil(name, "truncated", "wrong bytes", "range ignored")
        database = replace(PUBLISHED["ctu-uhb"], url=server.url, n_records=10)
        assert download(database, tmp_path / "out", stall=20, backoff=0.001).failed == {}
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files
    there, here = CTUUHB(ctu_uhb), CTUUHB(tmp_path / "out")
    assert (len(here), here.quarantined) == (10, {})
    assert [recording.outcome for recording in here] == [there[name].outcome for name in here.names]


def test_the_terms_of_ctu_uhb():
    database = PUBLISHED["ctu-uhb"]
    assert database.n_records == 552
    assert "ODC-By" in database.licence_text
    assert "doi:10.1186/1471-2393-14-16" in database.citation_text
    assert "Goldberger" in database.citation_text
