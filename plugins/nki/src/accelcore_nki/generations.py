"""What each NeuronCore generation has room for and allows.

Source of all sizes: the architecture guides of the vendor (Trainium, Trainium2, Trainium3).  16 KiB of each SBUF
partition are taken by the system: documented for trn1 by third parties, assumed for the others.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from accelcore_nki.errors import NkiError

PARTITIONS = 128
KIB = 1024


@dataclass(frozen=True)
class Generation:
    """Limits of one generation.  Sizes in bytes a partition.

    version: 2, 3, 4 for NeuronCore-v2, v3, v4.  moving: most elements a partition of a moving operand when the result
    is float32.
    """

    name: str
    version: int
    sbuf: int
    reserved: int = 16 * KIB
    psum_banks: int = 8
    psum_bank: int = 2 * KIB
    moving: int = 512
    stationary: int = 128

    @property
    def usable(self) -> int:
        """Bytes of an SBUF partition that a kernel may use."""
        return self.sbuf - self.reserved

    @property
    def psum(self) -> int:
        """Bytes of a PSUM partition."""
        return self.psum_banks * self.psum_bank


GENERATIONS = {
    "trn1": Generation("trn1", 2, 192 * KIB),
    "trn2": Generation("trn2", 3, 224 * KIB),
    "trn3": Generation("trn3", 4, 256 * KIB, moving=4096),
}
_ALIASES = {"gen2": "trn1", "gen3": "trn2", "gen4": "trn3", "inf2": "trn1"}


TARGET = "NEURON_PLATFORM_TARGET_OVERRIDE"  # the vendor's environment variable


def default_generation() -> Generation:
    """The generation that the environment asks for, else trn2."""
    return generation(os.environ.get(TARGET) or "trn2")


def generation(name: str) -> Generation:
    """The generation by its name or the vendor's alias; raises NkiError for others."""
    found = GENERATIONS.get(_ALIASES.get(name, name))
    if found is None:
        raise NkiError(f"there is no generation {name}", hint=f"one of {', '.join(GENERATIONS)}")
    return found
