"""Element-wise kernels, as plain loops."""


def overlay(base: "u8[n]", active: "u8[n]") -> "u8[n]":
    n = len(base)
    out = [0 for _ in range(n)]
    for i in range(n):
        if base[i] < 128:
            out[i] = 2 * base[i] * active[i] // 255
        else:
            out[i] = 255 - 2 * (255 - base[i]) * (255 - active[i]) // 255
    return out


def overlay_f32(base: "f32[n]", active: "f32[n]") -> "f32[n]":
    n = len(base)
    out = [0.0 for _ in range(n)]
    for i in range(n):
        if base[i] < 0.5:
            out[i] = 2.0 * base[i] * active[i]
        else:
            out[i] = 1.0 - 2.0 * (1.0 - base[i]) * (1.0 - active[i])
    return out


def multiply(base: "u8[n]", active: "u8[n]") -> "u8[n]":
    n = len(base)
    out = [0 for _ in range(n)]
    for i in range(n):
        out[i] = base[i] * active[i] // 255
    return out


def darken(base: "u8[n]", active: "u8[n]") -> "u8[n]":
    n = len(base)
    out = [0 for _ in range(n)]
    for i in range(n):
        out[i] = min(base[i], active[i])
    return out


def saxpy(a: "f32", x: "f32[n]", y: "f32[n]") -> "f32[n]":
    n = len(x)
    out = [0.0 for _ in range(n)]
    for i in range(n):
        out[i] = a * x[i] + y[i]
    return out


def dot(x: "f32[n]", y: "f32[n]") -> "f32":
    n = len(x)
    total = 0.0
    for i in range(n):
        total += x[i] * y[i]
    return total


def five_loops(x: "f32[n]", y: "f32[n]") -> "f32[n]":
    n = len(x)
    difference = [0.0 for _ in range(n)]
    square = [0.0 for _ in range(n)]
    scaled = [0.0 for _ in range(n)]
    shifted = [0.0 for _ in range(n)]
    out = [0.0 for _ in range(n)]
    for i in range(n):
        difference[i] = x[i] - y[i]
    for i in range(n):
        square[i] = difference[i] * difference[i]
    for i in range(n):
        scaled[i] = 0.5 * square[i]
    for i in range(n):
        shifted[i] = scaled[i] + x[i]
    for i in range(n):
        out[i] = max(shifted[i], 0.0)
    return out
