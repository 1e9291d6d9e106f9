"""How sure a counted share is, and the difference of two shares of the same things."""

from math import sqrt


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval of a share, 95 % for the default `z`; (0, 1) without trials.

    Unlike ± a standard error it stays within 0 and 1 and is honest about 5 of 5.
    E. B. Wilson, JASA 22 (1927) 209–212.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is not a share.")
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    middle = share + z * z / (2 * trials)
    scale = 1 + z * z / trials
    low = 0.0 if successes == 0 else (middle - spread) / scale
    high = 1.0 if successes == trials else (middle + spread) / scale
    return low, high


def paired_difference(both: int, only_a: int, only_b: int, neither: int) -> tuple[float, float]:
    """The 95 % interval of share B − share A, of the same things judged twice; (−1, 1) of none.

    Much narrower than from two samples, because what both get right tells nothing apart.
    Method 10 of R. G. Newcombe, Statistics in Medicine 17 (1998) 2635–2650.
    """
    total = both + only_a + only_b + neither
    if not total:
        return -1.0, 1.0
    of_a, of_b = both + only_a, both + only_b
    share_a, share_b = of_a / total, of_b / total
    low_a, high_a = wilson(of_a, total)
    low_b, high_b = wilson(of_b, total)
    product = of_a * of_b * (total - of_a) * (total - of_b)
    correlation = 0.0
    if product:
        crossed: float = both * neither - only_a * only_b
        if crossed > 0:
            crossed = max(0.0, crossed - total / 2)
        correlation = crossed / sqrt(product)

    def reach(down: float, up: float) -> float:
        return sqrt(max(0.0, down * down - 2 * correlation * down * up + up * up))

    difference = share_b - share_a
    return (
        difference - reach(share_b - low_b, high_a - share_a),
        difference + reach(high_b - share_b, share_a - low_a),
    )
