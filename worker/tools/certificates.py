"""What a server's certificate says of itself, whoever signed it."""

from datetime import datetime, timedelta

from cryptography import x509

from heartbeat.phrases import clip
from heartbeat.tools import FieldValue

#: Longest name that is told; a certificate may hold anything.
MAX_NAME = 500


def certificate_fields(encoded: bytes, *, now: datetime) -> dict[str, FieldValue]:
    """Return the days it has left, below 0 once it has expired, and its two names.

    What it does not say in a readable form is left out.
    """
    try:
        certificate = x509.load_der_x509_certificate(encoded)
        days_left = (certificate.not_valid_after_utc - now) / timedelta(days=1)
        return {
            "days_left": round(days_left, 2),
            "subject": clip(certificate.subject.rfc4514_string(), MAX_NAME),
            "issuer": clip(certificate.issuer.rfc4514_string(), MAX_NAME),
        }
    except ValueError:
        return {}
