"""What a profile decides beside the settings that files name."""

from __future__ import annotations


def seeds_of_profile(profile: str) -> int:
    """Trainings of each experiment where the user does not say how many: six are what a paired test needs."""
    return 6 if profile == "thorough" else 1
