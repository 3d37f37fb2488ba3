"""Certificates of a test's own authority, made when they are needed."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `trust` is a client's that believes it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def trust(self) -> ssl.SSLContext:
        encoded = self.certificate.public_bytes(serialization.Encoding.PEM)
        return ssl.create_default_context(cadata=encoded.decode())

    def server(
        self,
        folder: Path,
        *,
        name: str,
        starts_in: timedelta = timedelta(days=-100),
        ends_in: timedelta = timedelta(days=30, hours=1),
    ) -> ssl.SSLContext:
        """Return the context of a server that shows a certificate for this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        certificate = _signed(
            _begun(name, self.certificate.subject, key.public_key())
            .not_valid_before(now + starts_in)
            .not_valid_after(now + ends_in)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False),
            self.key,
        )
        file = folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def an_authority() -> Authority:
    """Return a new authority that is good for a year to both sides of now."""
    key = ec.generate_private_key(ec.SECP256R1())
    now, year = datetime.now(UTC), timedelta(days=365)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Authority")])
    builder = (
        _begun("Test Authority", name, key.public_key())
        .not_valid_before(now - year)
        .not_valid_after(now + year)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    )
    return Authority(key=key, certificate=_signed(builder, key))


def _begun(
    name: str, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
    )


def _signed(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())
