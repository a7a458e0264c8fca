"""How a word sounds, coarsely: so that a phrase is found when a recognizer wrote other words for its sounds.

``sécher`` for ``c'est cher``, ``samain teresse`` for ``ça m'intéresse``: a recognizer that goes wrong
usually keeps the sounds. One letter a sound; open and closed vowels are one, silent letters are gone:

    a  e (é è ai)  i  o (o au)  u (ou)  y (u)  2 (eu, and the e of "je")  A (an en)  I (in un)  O (on)
    j w p b t d k g f v s z S (ch) Z (j) m n r l

It need not be right, only the same for words that sound the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from minibot_fs.dialog.text_normalisation import without_accents

# Words whose spelling breaks the rules below.
_FRENCH_WORDS = {
    "est": "e", "es": "e", "et": "e", "ai": "e", "aie": "e", "eu": "y", "monsieur": "m2sj2", "femme": "fam",
    "hier": "jer", "mer": "mer", "cher": "Ser", "chers": "Ser", "fer": "fer", "hiver": "iver", "ver": "ver",
    "fils": "fis", "ok": "oke", "okay": "oke", "oké": "oke", "mail": "mel", "mails": "mel", "email": "imel",
    "sept": "set", "ville": "vil", "mille": "mil", "tranquille": "trAkil", "tranquilles": "trAkil",
    "un": "I", "aout": "ut", "août": "ut", "faisons": "f2zO", "second": "s2gO", "j": "Z", "c": "s",
    "d": "d", "l": "l", "m": "m", "n": "n", "s": "s", "t": "t", "qu": "k", "y": "i", "h": "aS",
    "huit": "yit", "oui": "ui", "ouais": "ue", "hein": "hI", "hum": "hm", "hmm": "hm", "mm": "hm",
    "mmh": "hm", "euh": "2", "heu": "2", "bip": "bip", "stop": "stop", "week": "wik", "end": "end",
    "sur": "syr", "yes": "jes", "yep": "jep", "but": "byt", "net": "net", "plus": "ply", "tous": "tu",
    "dehors": "deor", "quels": "kel", "temps": "tA", "tempe": "tAp", "corps": "kor", "gens": "ZA",
    "sens": "sAs", "bus": "bys", "listing": "listiN", "listings": "listiN", "accord": "akor",
}  # fmt: skip

_SILENT_ENDING = re.compile(
    r"(?:(?<=[^aeiouyéèêàâîïôûù])es|(?<=[éiuo])es?|[sxtdpz]+|(?<=[nr])g|(?<=om)b|(?<=e)nt)$"
)
_THIRD_PLURAL = re.compile(r"(?:ll|ul|uv|is|iv|tt|ss|rr|nn|qu|ch|ai|oi|ir|èr|ât)ent$")
_FRENCH_RULES: tuple[tuple[str, str], ...] = (
    (r"(?:ez|er|ers|et|ets|és|ée|ées|é)$", "e"),
    (r"eil$", "ej"),
    (r"ienn", "jen"),
    (r"(?<!s)tion", "sjO"),
    (r"eaux?|aux?(?![a-zé])|au", "o"),
    (r"oeu|oe|eu|eû", "2"),
    (r"ou|où|oû", "u"),
    (r"oin(?![aeiouyéèn])", "wI"),
    (r"oi|oî|oy", "wa"),
    (r"(?<=[aeou])ill(?=[aeéioè])", "j"),
    (r"(?<=[aeou])il$", "j"),
    (r"(?<=[bcdfglmnpqrstv])ill(?=[aeéoè])", "ij"),
    (r"(?<=[bcdfglmnpqrstv])ill$", "ij"),
    (r"(?:ain|aim|ein|eim)(?![aeiouyéèênm])", "I"),
    (r"(?<=[ié])en(?![aeiouyéèêntmc])", "I"),
    (r"(?:în|in|im|yn|ym|un|um)(?![aeiouyéèêànmh])", "I"),
    (r"(?:en|em|an|am)(?![aeiouyéèêàânmh])", "A"),
    (r"(?:on|om)(?![aeiouyéèêànmh])", "O"),
    (r"aill", "aj"),
    (r"eill", "ej"),
    (r"ai|aî|ei|ay(?![aeé])|ey", "e"),
    (r"[éèêë]", "e"),
    (r"ay(?=[aeé])", "ej"),
    (r"sch|ch|sh", "S"),
    (r"ph", "f"),
    (r"th", "t"),
    (r"gn", "nj"),
    (r"gu(?=[eiyéèê])", "g"),
    (r"ge(?=[aoâô])|g(?=[eiyéèêë])|j", "Z"),
    (r"qu|q|ck|cc(?![eiyéè])|c(?![eiyéèêëh])|k+", "k"),
    (r"cc(?=[eiyéè])|x", "ks"),
    (r"sc(?=[eiyéè])|ss+|ç|c", "s"),
    (r"(?<=[aeiouyéèêàâîïôû])s(?=[aeiouyéèêàâîïôû])", "z"),
    (r"e$", ""),
    (r"e(?=(?:[bcdfgpt][lr]|[bcdfghjklmnpqrstvz])[aeiouyéèêàâîïôû])", "2"),
    (r"e", "e"),
    (r"[aàâä]", "a"),
    (r"[iîïy]", "i"),
    (r"[oôö]", "o"),
    (r"[uûùü]", "y"),
    (r"([bdfglmnprtvz])\1*", r"\1"),
    (r"s", "s"),
    (r"w", "w"),
    (r"h", ""),
)
_ENGLISH_RULES: tuple[tuple[str, str], ...] = (
    (r"^kn", "n"), (r"^wr", "r"), (r"^wh", "w"), (r"tion", "Sn"), (r"sh|ch|tch", "S"), (r"ph|gh$", "f"),
    (r"gh|h", ""), (r"ck|q|c(?![eiy])|k+", "k"), (r"x", "ks"), (r"c|ss+|s|z+", "s"), (r"th", "t"),
    (r"ee|ea|ie|y(?![aeiou])", "i"), (r"oo|ou|ow|u", "u"), (r"ai|ay|ei|ey", "e"), (r"oa|o", "o"),
    (r"e$", ""), (r"[ae]", "e"), (r"i", "i"), (r"j|dge|g(?=[eiy])", "Z"), (r"g", "g"), (r"v", "v"),
    (r"([bdflmnprtw])\1*", r"\1"), (r"y", "j"),
)  # fmt: skip


def _compiled(rules: tuple[tuple[str, str], ...]) -> Callable[[str], str]:
    steps = [(re.compile(pattern), sound) for pattern, sound in rules]

    def spell_out(word: str) -> str:
        out: list[str] = []
        at = 0
        while at < len(word):
            for pattern, sound in steps:
                found = pattern.match(word, at)
                if found and found.end() > at:
                    out.append(found.expand(sound))
                    at = found.end()
                    break
            else:
                at += 1
        return "".join(out)

    return spell_out


_french = _compiled(_FRENCH_RULES)
_english = _compiled(_ENGLISH_RULES)
_AFTER_SILENCE = re.compile(r"(.)\1+")


@lru_cache(maxsize=20_000)
def french_sounds(word: str) -> str:
    """The sounds of one French word as :func:`~minibot_fs.dialog.text_normalisation.words` gives it."""
    known = _FRENCH_WORDS.get(word)
    if known is not None:
        return known
    if word.isdigit():
        return word
    if _THIRD_PLURAL.search(word):
        spoken = word[:-3] + "e"
    elif re.search(r"(?:ez|er|ers|et|ets|és|ée|ées)$", word) or (len(word) == 3 and word.endswith("es")):
        spoken = word if not re.fullmatch(r"[bcdfglmnprst]es", word) else word[0] + "é"
    else:
        spoken = _SILENT_ENDING.sub(lambda m: "n" if m[0] == "nt" else "", word) if len(word) > 2 else word
        if re.fullmatch(r"[bcdfgjklmnpqrstvz]+e", spoken) and spoken == word:
            return _french(word[:-1]) if len(word) > 2 else _short_e(word)
    return _AFTER_SILENCE.sub(r"\1", _french(spoken)) or without_accents(word)


def _short_e(word: str) -> str:
    """``je me te se le de ne ce``: the consonant and an e that may vanish."""
    return {"j": "Z", "c": "s"}.get(word[0], word[0]) + "2"


@lru_cache(maxsize=20_000)
def english_sounds(word: str) -> str:
    return word if word.isdigit() else _english(without_accents(word)) or word


SOUNDS: dict[str, Callable[[str], str]] = {"fr": french_sounds, "en": english_sounds}
