"""The evaluator for an instance with the vendor's package and a device.

Written against the documented entry points (`nki.baremetal`, `nki.benchmark`) and tested against a fake that follows
them.  It was never run on hardware.
"""

from __future__ import annotations

from accelcore_nki.neuron.evaluator import Neuron, state_of_package

__all__ = ["Neuron", "state_of_package"]
