"""No target may reach this machine, its network or a cloud's metadata, by whatever name or form of address."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from review_app.base import in_time, outbound
from review_app.base.outbound import Unreachable, call, check_address, check_target_address, target_client

REFUSED = [
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/",
    "https://192.0.0.192/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://[fc00::1]/",
    "https://[ff02::1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[::ffff:0:a9fe:a9fe]/",
    "https://168.63.129.16/",
    "https://[::ffff:168.63.129.16]/",
    "https://[64:ff9b::a83f:8110]/",
    "https://0xa83f8110/",
    "https://[2001:20::1]/",
    "https://[2001:2f:ffff::1]/",
    "https://[2001:30::1]/",
    "https://[fd00:ec2::23]/",
    "https://[fd20:ce::254]/",
]
"""This machine and what is near it, in all the forms that name it."""


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names lead to; the numeric forms lead to what the system makes of them."""
    known = {"localhost": ["127.0.0.1"], "localhost.": ["127.0.0.1"]}
    numeric = {"127.1": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f000001": "127.0.0.1"}
    asked: list[str] = []

    def look_up(host: str, port: int, *_: object) -> list[tuple]:
        asked.append(host)
        if host not in known and host not in numeric:
            numeric[host] = host if ":" in host else socket.inet_ntoa(socket.inet_aton(host))
        found = known.get(host) or [numeric[host]]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in found
        ]

    monkeypatch.setattr(in_time.socket, "getaddrinfo", look_up)
    return known


def refused(url: str, *, allow_private: bool = False) -> str:
    """Try to call it. Returns why not."""
    with (
        pytest.raises(Unreachable) as told,
        target_client(url, allow_private=allow_private) as client,
    ):
        call(client, "POST", url, headers={}, content=b"x")
    return str(told.value)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("url", REFUSED)
def test_no_form_of_an_address_near_us_is_called(url: str) -> None:
    told = refused(url)
    assert "is no public address" in told or "is no address that the desk" in told


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fd00:ec2::23]/",
        "https://[fd20:ce::254]/",
        "https://[fd00:c1::a9fe:a9fe]/",
        "https://[fd00:42::42]/",
        "https://[fd00:a9fe:a9fe::1]/",
        "https://168.63.129.16/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[2001:20::1]/",
        "http://0.0.0.0/",
    ],
)
def test_where_clouds_keep_their_credentials_is_closed_even_when_private_targets_are_open(url: str) -> None:
    assert "is no" in refused(url, allow_private=True)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("url", "allow_private", "why"),
    [
        ("https://169.254.169.254/", True, "where clouds keep their credentials"),
        ("https://169.254.169.254/", False, "where clouds keep their credentials"),
        ("https://[fe80::1]/", True, "where clouds keep their credentials"),
        ("https://[fd00:ec2::254]/", True, "where clouds keep their credentials"),
        ("https://[fd20:ce::254]/", True, "where clouds keep their credentials"),
        ("https://168.63.129.16/", False, "where clouds keep their credentials"),
        ("https://[::ffff:0:127.0.0.1]/", True, "never goes there, whatever the settings"),
        ("https://metadata.example/", True, "where clouds keep their credentials"),
        ("http://0.0.0.0/", True, "never goes there, whatever the settings"),
        ("https://100.64.0.1/", False, "never goes there, whatever the settings"),
        ("https://192.168.1.1/", False, "only if the setting REVIEW_ALLOW_PRIVATE_TARGETS is on"),
    ],
)
def test_it_is_told_whether_a_setting_would_open_an_address(names, url, allow_private, why) -> None:
    names["metadata.example"] = ["169.254.169.254"]
    told = refused(url, allow_private=allow_private)
    assert why in told
    assert ("REVIEW_ALLOW_PRIVATE_TARGETS" in told) == ("only if" in why)


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("0xa9fea9fe", "169.254.169.254"),
        ("0xA9.0xFE.0xa9fe", "169.254.169.254"),
        ("2852039166", "169.254.169.254"),
        ("025177524776", "169.254.169.254"),
        ("0251.0376.0251.0376", "169.254.169.254"),
        ("169.16689662.", "169.254.169.254"),
        ("0x64400001", "100.64.0.1"),
        ("①⑥⑨.16689662", "169.254.169.254"),
    ],
)
@pytest.mark.parametrize(("scheme", "allow_private"), [("https", False), ("https", True), ("http", True)])
def test_a_number_that_means_a_shut_address_is_not_even_stored(scheme, allow_private, host, meant) -> None:
    with pytest.raises(Unreachable, match=f"is at {meant}, which is no public address"):
        check_target_address(f"{scheme}://{host}/", allow_private=allow_private)
    with pytest.raises(Unreachable, match=f"is at {meant}, which is no public address"):
        check_address(f"{scheme}://{host}/", allow_private=allow_private)


@pytest.mark.parametrize("host", ["0x7f000001", "127.1", "2130706433", "0177.0.0.1"])
def test_a_number_is_to_be_written_as_the_address_that_it_means(host: str) -> None:
    with pytest.raises(Unreachable, match=r"is at 127\.0\.0\.1, which is no public address"):
        check_target_address(f"https://{host}/", allow_private=False)
    with pytest.raises(Unreachable, match=r"stands for 127\.0\.0\.1; write 127\.0\.0\.1 instead"):
        check_target_address(f"http://{host}:8080/", allow_private=True)
    with pytest.raises(Unreachable, match=r"write 93\.184\.216\.34 instead"):
        check_target_address("https://0x5db8d822/", allow_private=False)


@pytest.mark.parametrize(
    "host", ["0xa9fea9fe.example.com", "127.1.example", "deadbeef", "xn--bcher-kva.example"]
)
def test_a_name_with_figures_in_it_is_a_name(host: str) -> None:
    check_target_address(f"https://{host}/", allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:80/",
        "https://example.com:22/",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://93.184.216.34@127.0.0.1/",
        "ftp://example.com/",
        "https:///hook",
        "hook",
        "https://exa mple.com/",
        "https://example.com\n.evil.example/",
    ],
)
def test_only_https_on_its_ports_without_a_user(url: str) -> None:
    with pytest.raises(Unreachable, match="is no address that the desk"):
        check_target_address(url, allow_private=False)
    assert "is no address that the desk" in refused(url)


@pytest.mark.parametrize("url", ["https://example.com/", "https://example.com:8443/hook?a=b"])
def test_a_usual_address_is_fine(url: str) -> None:
    check_target_address(url, allow_private=False)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    "host", ["10.1.2.3", "[::1]", "[fc00::1]", "[fd00:ec1::1]", "[fd20:ce::253]", "[fdff::1]"]
)
def test_private_addresses_on_every_side_of_those_are_open_if_they_are_to_be(host: str) -> None:
    check_target_address(f"http://{host}/", allow_private=True)
    with pytest.raises(Unreachable, match="only if the setting"):
        check_target_address(f"https://{host}/", allow_private=False)


def test_private_targets_may_use_http_and_any_port() -> None:
    check_target_address("http://127.0.0.1:8080/", allow_private=True)


def test_a_name_of_which_one_address_is_near_us_is_not_called_at_all(names, no_network) -> None:
    names["both.example"] = ["93.184.216.34", "127.0.0.1"]
    assert "is no public address" in refused("https://both.example/")
    assert no_network == []


def test_a_name_that_is_changed_after_it_was_checked_leads_nowhere(names, no_network) -> None:
    """DNS rebinding: harmless when the target was added, and when it was tried before; not when it is called now."""
    names["moving.example"] = ["93.184.216.34"]
    check_target_address("https://moving.example/", allow_private=False)
    with target_client("https://moving.example/", allow_private=False) as client:
        names["moving.example"] = ["127.0.0.1"]
        for _ in range(2):
            with pytest.raises(Unreachable, match="is no public address"):
                call(client, "POST", "https://moving.example/", headers={}, content=b"x")
    assert no_network == []


def test_each_connection_looks_the_name_up_once_and_goes_to_what_was_checked(names, monkeypatch) -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    gone_to: list[str] = []
    monkeypatch.setitem(names, "two.example", None)
    look_up = in_time.socket.getaddrinfo

    def changing(host: str, *rest: object) -> object:
        names["two.example"] = next(answers)
        return look_up(host, *rest)

    monkeypatch.setattr(in_time.socket, "getaddrinfo", changing)
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: gone_to.append(address[0]))
    monkeypatch.setattr(socket.socket, "getpeername", lambda _self: ("93.184.216.34", 443))
    with (
        pytest.raises(Unreachable),
        target_client("https://two.example/", allow_private=False) as client,
    ):
        call(client, "POST", "https://two.example/", headers={}, content=b"x")
    assert gone_to == ["93.184.216.34"]


def test_the_environment_names_no_proxy_for_us(receiver, monkeypatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    with target_client(receiver.url, allow_private=True) as client:
        body = b'{"data": {"sequence": 1}}'
        assert call(client, "POST", receiver.url, headers=headers, content=body).status == 204
    assert "proxy-connection" not in receiver.calls[0].headers


def test_no_password_comes_from_a_netrc(receiver, monkeypatch, tmp_path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    with target_client(receiver.url, allow_private=True) as client:
        call(client, "POST", receiver.url, headers=headers, content=b'{"data": {"sequence": 1}}')
    assert "authorization" not in receiver.calls[0].headers


def test_a_name_server_that_never_answers_holds_nobody(monkeypatch) -> None:
    monkeypatch.setattr(in_time, "CONNECT_SECONDS", 0.1)
    silent = threading.Event()
    monkeypatch.setattr(in_time.socket, "getaddrinfo", lambda *_: silent.wait(20))
    assert "did not answer within" in refused("https://silent.example/")
    silent.set()


# --- time ---------------------------------------------------------------------------------------------------------------

LONG_SECONDS = 4.0
"""How long the slow servers take, when nobody leaves them before."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"


def drip(stream: socket.socket, first: bytes, drop: bytes, last: bytes = b"") -> None:
    """A little now and then: no single read takes long, but all together do; in the end the answer is whole."""
    stream.sendall(first)
    ends = time.monotonic() + LONG_SECONDS
    while time.monotonic() < ends:
        time.sleep(0.02)
        stream.sendall(drop)
    stream.sendall(last)


def pause(stream: socket.socket, first: bytes, after: float) -> None:
    """Something when the time is nearly over, then nothing: the last read alone gets only what is left of the whole."""
    time.sleep(after)
    stream.sendall(first)
    time.sleep(LONG_SECONDS)


SLOW: dict[str, Callable[[socket.socket], None]] = {
    "says nothing": lambda stream: pause(stream, b"", 0),
    "drips its head": lambda stream: drip(stream, HEAD + b"X-Slow: ", b"x", b"\r\n\r\n" + b"x" * 1000),
    "drips its body": lambda stream: drip(stream, HEAD + b"\r\n", b"x", b"x" * 1000),
    "stops within its head": lambda stream: pause(stream, HEAD, 0.3),
    "stops within its body": lambda stream: pause(stream, HEAD + b"\r\nx", 0.3),
}


@contextmanager
def slow_server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Reads what is sent first and answers one call so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    answer(connection)
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(("scheme", "how"), [*(("http", how) for how in SLOW), ("https", "says nothing")])
def test_the_whole_call_ends_in_its_time_however_the_answer_comes(scheme: str, how: str, monkeypatch) -> None:
    """By `https` it is the greeting of TLS that never ends."""
    monkeypatch.setattr(outbound, "TARGET_SECONDS", 0.4)
    with slow_server(SLOW[how]) as port:
        began = time.monotonic()
        told = refused(f"{scheme}://127.0.0.1:{port}/", allow_private=True)
        took = time.monotonic() - began
    assert took < LONG_SECONDS / 2
    if scheme == "http":
        assert told == "did not answer within 15 seconds"


# --- TLS ----------------------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str) -> Path:
    """A certificate for this name that it signed itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@contextmanager
def tls_server(file: Path) -> Iterator[int]:
    """Answers one call over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as stream:
                    stream.recv(65_536)
                    stream.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(("asked", "is_fine"), [("right.example", True), ("wrong.example", False)])
def test_the_certificate_must_be_for_the_name_whatever_address_it_leads_to(
    asked: str, is_fine: bool, names, tmp_path, monkeypatch
) -> None:
    file = certificate(tmp_path, "right.example")
    trusting = ssl.create_default_context(cafile=str(file))
    monkeypatch.setattr(outbound, "_authorities", lambda: trusting)
    names[asked] = ["127.0.0.1"]
    with tls_server(file) as port:
        url = f"https://{asked}:{port}/"
        if is_fine:
            with target_client(url, allow_private=True) as client:
                assert call(client, "POST", url, headers={}, content=b"x").status == 204
        else:
            assert "certificate" in refused(url, allow_private=True).lower()
