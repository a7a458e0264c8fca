"""The results as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def print_tables(results: Mapping[str, Any], console: Console) -> None:
    """Every table whose part was measured."""
    printers = {
        "endpointing": _endpointing,
        "barge_in": _barge_in,
        "amd": _amd,
        "vad": _vad,
        "recognition": _recognition,
    }
    for part, printer in printers.items():
        if results.get(part):
            for table in printer(results[part]):
                console.print(table)


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _endpointing(results: Mapping[str, Any]) -> list[Table]:
    columns = ("way", "median ms", "p95 ms", "cut %", "cut with afterthoughts %", "unheard %")
    table = _table("End of an answer: wait after the last word", columns)
    for name, row in results.items():
        keys = ("median_ms", "p95_ms", "cut", "cut_with_afterthoughts", "unheard")
        table.add_row(name, *(str(row[key]) for key in keys))
    detail = _table(
        "Adaptive, by kind of answer and by noise", ("", "answers", "median ms", "p95 ms", "cut %")
    )
    groups = {**results["adaptive"]["by_kind"], **_named_snr(results["adaptive"]["by_snr"])}
    for name, row in groups.items():
        detail.add_row(name, *(str(row[key]) for key in ("answers", "median_ms", "p95_ms", "cut")))
    return [table, detail]


def _barge_in(results: Mapping[str, Any]) -> list[Table]:
    false = _table("Prompts stopped by what is no interruption", ("", "scenes", "stopped %", "for good %"))
    for kind, row in results["disturbances"].items():
        false.add_row(kind, *(str(row[key]) for key in ("scenes", "stopped", "stopped_for_good")))
    columns = ("", "scenes", "missed %", "too early %", "median ms", "p95 ms")
    meant = _table(
        "Interruptions: reaction after the begin of speech or the end of the grace period", columns
    )
    for kind, row in results["interruptions"].items():
        meant.add_row(kind, *(str(row[k]) for k in ("scenes", "missed", "too_early", "median_ms", "p95_ms")))
    return [false, meant]


def _amd(results: Mapping[str, Any]) -> list[Table]:
    columns = (
        "method",
        "machines\nfound %",
        "at first\nverdict %",
        "people\ntaken %",
        "class\nright %",
        "beeps\n%",
        "person ms\nmedian/p95",
        "after last\nword ms",
        "machine ms\nmedian/p95",
    )
    table = _table("Answering machines (times from the first speech)", columns)
    for name, row in results["methods"].items():
        table.add_row(
            name,
            str(row["machines_found"]),
            str(row["machines_found_at_first_verdict"]),
            str(row["people_taken_for_machines"]),
            str(row["class_right"]),
            str(row["beeps_heard"]),
            f"{row['human_median_ms']}/{row['human_p95_ms']}",
            str(row["human_after_last_word_median_ms"]),
            f"{row['machine_median_ms']}/{row['machine_p95_ms']}",
        )
    detail = _table("Combined, right of all", ("who answered", "with transcript", "without"))
    with_words, without = results["methods"]["combined"], results["methods"]["combined, no transcript"]
    for group in ("people_by_kind", "machines_by_kind"):
        for kind, right in with_words[group].items():
            detail.add_row(kind, right, without[group][kind])
    for snr, row in _named_snr(with_words["by_snr"]).items():
        right = f"{row['machines_found']} % found, {row['people_taken_for_machines']} % taken"
        other = _named_snr(without["by_snr"])[snr]
        detail.add_row(
            snr, right, f"{other['machines_found']} % found, {other['people_taken_for_machines']} % taken"
        )
    return [table, detail]


def _vad(results: Mapping[str, Any]) -> list[Table]:
    groups = ("clean", "20", "10", "5")
    columns = ("detector", "us a frame", "clean line", "20 dB", "10 dB", "5 dB")
    table = _table(
        "Voice activity, by SNR: speech missed / silence taken for speech / frames wrong (%)", columns
    )
    for name, row in results.items():
        errors = (
            f"{row[group]['missed']} / {row[group]['false']} / {row[group]['error']}" for group in groups
        )
        table.add_row(name, str(row["us_per_frame"]), *errors)
    return [table]


def _recognition(results: Mapping[str, Any]) -> list[Table]:
    rows = (
        ("real-time factor", "real_time_factor"),
        ("the same, cold", "real_time_factor_cold"),
        ("streams a core", "streams_per_core"),
        ("final result, median ms", "final_median_ms"),
        ("final result, p95 ms", "final_p95_ms"),
        ("memory of the decoders, MB", "memory_mb"),
        ("phrases right % (synthetic voice)", "phrases_right"),
    )
    title = f"Recognition, {results['model']}: {results['model_mb']} MB, loaded in {results['loading_s']} s"
    table = _table(title, ("", "free", "focused"))
    for name, key in rows:
        table.add_row(name, str(results["free"][key]), str(results["focused"][key]))
    table.add_row(
        "focused is cheaper by", "", f"{results['times_cheaper']} (cold {results['times_cheaper_cold']})"
    )
    return [table]


def _named_snr(groups: Mapping[str, Any]) -> dict[str, Any]:
    return {("clean line" if name == "clean" else f"SNR {name} dB"): row for name, row in groups.items()}
