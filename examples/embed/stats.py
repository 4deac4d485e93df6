from statistics import fmean


def trimmed_mean(values: list[float], cut: int) -> float:
    return fmean(sorted(values)[cut:-cut])
