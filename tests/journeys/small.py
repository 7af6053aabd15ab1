"""A table that is quickly learnt from."""

import numpy as np

N_ROWS = 700


def table(of_classes):
    """Two columns that count, one of them with missing cells, and a date; nothing is learnt without error."""
    random = np.random.default_rng(3)
    a, b, noise = random.normal(size=(3, N_ROWS)).round(3)
    colours = random.choice(["red", "green", "blue, or so"], N_ROWS)
    lines = ["a,colour,b,day,y"]
    for i in range(N_ROWS):
        value = a[i] * b[i] + (colours[i] == "red") + noise[i] / 2
        y = ("yes" if value > 0.4 else "no") if of_classes else f"{value:.3f}"
        cell = "" if i % 9 == 0 else f"{b[i]}"
        lines.append(f'{a[i]},"{colours[i]}",{cell},2024-{1 + i % 12:02d}-{1 + i % 28:02d},{y}')
    return "\n".join(lines).encode()
