"""Months by name, in the languages of Europe; a word that means two of them is told."""

from functools import lru_cache

__all__ = ["months"]

_MONTHS = (  # without accents, as they stand alone and in a date; three letters do
    "january januar janvier enero gennaio janeiro januari ianuarie leden ledna styczen stycznia sijecanj sijecnja jaan",
    "february februar fevrier febrero febbraio fevereiro februari februarie unor unora luty lutego veljaca veljace "
    "veebruar",
    "march marz maerz mrz mars marzo marco maart mrt marts martie marec marca brezen brezna marzec ozujak ozujka",
    "april avril abril aprile aprilie duben dubna kwiecien kwietnia travanj travnja aprill",
    "may mai mayo maggio maio mei maj kveten kvetna maja svibanj svibnja",
    "june juni juin junio giugno junho iunie cerven cervna czerwiec czerwca lipanj lipnja junij",
    "july juli juillet julio luglio julho iulie cervenec cervence lipiec lipca srpanj srpnja julij juuli",
    "august aout agosto augusti augustus srpen srpna sierpien sierpnia kolovoz kolovoza avgust",
    "september septembre septiembre settembre setembro septembrie zari wrzesien wrzesnia rujan rujna szeptember",
    "october oktober octobre octubre ottobre outubro octombrie rijen rijna pazdziernik pazdziernika listopad listopada",
    "november novembre noviembre novembro noiembrie listopad listopadu listopada studeni studenoga studenog",
    "december dezember decembre diciembre dicembre dezembro decembrie prosinec prosince grudzien grudnia prosinac "
    "prosinca detsember",
)
_SHORTEST = 3  # letters of a month


@lru_cache(maxsize=4096)
def months(word: str) -> tuple[int, ...]:
    """Months, 1 to 12, that a word in small letters without accents may mean: several where languages differ.

    >>> months("okt"), months("lip"), months("lipca"), months("note")
    ((10,), (6, 7), (7,), ())
    """
    if len(word) < _SHORTEST:
        return ()
    return tuple(
        month for month, names in enumerate(_MONTHS, 1) if any(name.startswith(word) for name in names.split())
    )
