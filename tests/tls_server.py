"""Web servers on loopback with good and bad certificates, and the authority that vouches for some of them."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_DAY = timedelta(days=1)
_KEY = tuple[ec.EllipticCurvePrivateKey, x509.Name]


class Authority:
    """Signs certificates; whoever takes the file `path` for SSL_CERT_FILE believes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._issuer = ec.generate_private_key(ec.SECP256R1()), _name("Authority")
        self.path = folder / "authority.pem"
        key, name = self._issuer
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        certificate = _certificate(key, name, self._issuer, until=_DAY).add_extension(constraints, critical=True)
        self.path.write_bytes(certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def certificate(self, name: str, *, address: str, until: timedelta = _DAY) -> Path:
        """A PEM file with a key and a certificate for an address that holds until so long from now."""
        return _signed(self._folder / f"{name}.pem", self._issuer, address, until)


def self_signed(path: Path, address: str = "127.0.0.1") -> Path:
    """A PEM file with a key and a certificate for an address that nobody vouches for."""
    return _signed(path, None, address, _DAY)


def _signed(path: Path, issuer: _KEY | None, address: str, until: timedelta) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = issuer or (key, _name(address))
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))])
    certificate = _certificate(key, _name(address), issuer, until=until).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.sign(issuer[0], hashes.SHA256()).public_bytes(pem))
    return path


def _certificate(
    key: ec.EllipticCurvePrivateKey, name: x509.Name, issuer: _KEY, *, until: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer[1], name, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(now - 9 * _DAY).not_valid_after(now + until)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


@contextmanager
def tls_server(
    certificate: Path, handler: type[BaseHTTPRequestHandler] = BaseHTTPRequestHandler, address: str = "127.0.0.1"
) -> Iterator[str]:
    """The address of a web server that shows this certificate; without a handler it can do nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = HTTPServer((address, 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://{address}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
