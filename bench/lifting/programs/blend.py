"""Blend modes (reference/lifting.md 2.1): 8-bit style images in exact integers, with 255 and 128."""


def color_burn_8(base: list[list[int]], active: list[list[int]]):
    out = []
    for row in range(len(base)):
        line = []
        for col in range(len(base[0])):
            if active[row][col] == 0:
                line.append(255)
            else:
                line.append(255 - (255 - base[row][col]) // active[row][col])
        out.append(line)
    return out


def color_dodge_8(base: list[list[int]], active: list[list[int]]):
    out = []
    for row in range(len(base)):
        line = []
        for col in range(len(base[0])):
            line.append(255 if active[row][col] == 255 else base[row][col] // (255 - active[row][col]))
        out.append(line)
    return out


def darken_blend_8(base, active):
    m, n = len(base), len(base[0])
    out = [[0] * n for _ in range(m)]
    for i in range(m):
        for j in range(n):
            if base[i][j] > active[i][j]:
                out[i][j] = active[i][j]
            else:
                out[i][j] = base[i][j]
    return out


def lighten_blend_8(base, active):
    m, n = len(base), len(base[0])
    out = [[0] * n for _ in range(m)]
    for i in range(m):
        for j in range(n):
            out[i][j] = active[i][j] if base[i][j] < active[i][j] else base[i][j]
    return out


def dissolve_blend_8(base: list[list[int]], active: list[list[int]], opacity: int, rand: int):
    out = []
    for row in range(len(base)):
        line = []
        for col in range(len(base[0])):
            level = (rand % 100 + 1) // 100
            if opacity - level >= 0:
                pixel = active[row][col]
            else:
                pixel = base[row][col]
            line.append(pixel)
        out.append(line)
    return out


def linear_burn_8(base, active):
    return [[base[i][j] + active[i][j] - 255 for j in range(len(base[0]))] for i in range(len(base))]


def linear_dodge_8(base, active):
    out = []
    for b, a in zip(base, active):
        line = []
        for x, y in zip(b, a):
            line.append(x + y)
        out.append(line)
    return out


def multiply_blend_8(base: list[list[int]], active: list[list[int]]):
    out = []
    for i in range(len(base)):
        line = []
        for j in range(len(base[0])):
            line.append(base[i][j] * active[i][j] // 255)
        out.append(line)
    return out


def screen_blend_8(base: list[list[int]], active: list[list[int]]):
    out = []
    for i in range(len(base)):
        line = []
        for j in range(len(base[0])):
            b = base[i][j]
            a = active[i][j]
            line.append(b + a - b * a // 255)
        out.append(line)
    return out


def overlay_blend_8(base: list[list[int]], active: list[list[int]]):
    out = []
    for i in range(len(base)):
        line = []
        for j in range(len(base[0])):
            b = base[i][j]
            if b >= 128:
                line.append(2 * b + b - 2 * b * b // 255 - 255)
            else:
                line.append(2 * b * b // 255)
        out.append(line)
    return out


def normal_blend_8(base, active, opacity):
    out = []
    for i in range(len(base)):
        out.append(opacity * active[i] + (255 - opacity) * base[i])
    return out


def normal_blend_f(base, active, opacity):
    out = []
    for i in range(len(base)):
        out.append(opacity * active[i] + (1 - opacity) * base[i])
    return out
