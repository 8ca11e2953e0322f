"""Lent memory: borrowers of the read-only side cannot write, and nobody can take pages away."""

from __future__ import annotations

import mmap
import os

import numpy as np
import pytest

from accelcore.sandbox.memory import PAGE, Region, pages


@pytest.mark.parametrize(("size", "whole"), [(0, PAGE), (1, PAGE), (PAGE, PAGE), (PAGE + 1, 2 * PAGE)])
def test_pages(size, whole):
    assert pages(size) == whole


def test_read_only_side():
    with Region(100) as region:
        region.bytes[:3] = (1, 2, 3)
        with mmap.mmap(region.fd_read, region.size, prot=mmap.PROT_READ) as seen:
            assert seen[:3] == b"\x01\x02\x03"
        with pytest.raises(PermissionError):
            mmap.mmap(region.fd_read, region.size)
        with pytest.raises(OSError):
            os.truncate(region.fd, PAGE // 2)


def test_arrays_are_views():
    with Region(1000) as region:
        array = region.array(8, (3, 2), np.float32)
        array[...] = 7
        assert region.bytes[8:12].view(np.float32)[0] == 7
        assert region.array(0, (0, 4), np.float32).shape == (0, 4)
        del array


def test_close_frees_the_descriptors():
    region = Region(1)
    fd = region.fd
    region.close()
    region.close()
    with pytest.raises(OSError):
        os.fstat(fd)
