"""Published databases that can be fetched: their addresses and their terms."""

from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["PUBLISHED", "PublishedDatabase"]

_PHYSIONET = (
    "Goldberger AL, Amaral LAN, Glass L, Hausdorff JM, Ivanov PCh, Mark RG, Mietus JE, Moody GB, Peng C-K, Stanley HE. "
    "PhysioBank, PhysioToolkit, and PhysioNet: components of a new research resource for complex physiologic signals. "
    "Circulation 2000;101(23):e215-e220. doi:10.1161/01.CIR.101.23.e215"
)


@dataclass(frozen=True)
class PublishedDatabase:
    """A database on a server, in a folder with `SHA256SUMS.txt`.

    Args:
        title: its name and version.
        url: the folder.
        licence: name and address of its licence.
        asks: what the licence asks of a user, in a sentence.
        citations: the papers to cite.
        n_records: how many `.hea` files its list has; a list of another length is refused. None: any number.
        largest_file: bytes; a larger file is refused.
        checksums_sha256: SHA-256 of `SHA256SUMS.txt` itself; None where it is not known, and the certificate of the
            server is what stands for the list.
    """

    title: str
    url: str
    licence: str
    asks: str
    citations: tuple[str, ...]
    n_records: int | None = None
    largest_file: int = 1 << 20
    checksums_sha256: str | None = None

    @property
    def licence_text(self) -> str:
        """Text of `LICENSE.txt` beside the data."""
        return f"{self.title}, from {self.url}\nLicence: {self.licence}\n{self.asks}\n"

    @property
    def citation_text(self) -> str:
        """Text of `CITATION.txt` beside the data."""
        return "".join(["Please cite:\n", *(f"- {citation}\n" for citation in self.citations)])


PUBLISHED = MappingProxyType(
    {
        "ctu-uhb": PublishedDatabase(
            title="CTU-UHB intrapartum cardiotocography database 1.0.0",
            url="https://physionet.org/files/ctu-uhb-ctgdb/1.0.0/",
            licence="Open Data Commons Attribution License (ODC-By) 1.0, https://opendatacommons.org/licenses/by/1-0/",
            asks="Public use of the data, and of what is made from them, has to name the database and its licence.",
            citations=(
                "Chudáček V, Spilka J, Burša M, Janků P, Hruban L, Huptych M, Lhotská L. Open access intrapartum CTG "
                "database. BMC Pregnancy and Childbirth 2014;14:16. doi:10.1186/1471-2393-14-16",
                _PHYSIONET,
            ),
            n_records=552,
        )
    }
)
