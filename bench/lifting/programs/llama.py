"""Pieces of a transformer's inference (reference/lifting.md 2.2), over reals and with the real functions."""

import math


def matmul(weight, x):
    out = []
    for row in range(len(weight)):
        total = 0
        for col in range(len(x)):
            total += weight[row][col] * x[col]
        out.append(total)
    return out


def rmsnorm_part1(x, weight):
    ss = 0
    for i in range(len(x)):
        ss += x[i] * x[i]
    return ss


def rmsnorm_part2(x, weight, ss):
    out = []
    inv = 1 / math.sqrt(ss / len(x) + 1)
    for i in range(len(x)):
        out.append(inv * x[i] * weight[i])
    return out


def softmax_part1(x, n: int):
    top = x[0]
    for i in range(1, n):
        if x[i] > top:
            top = x[i]
    return top


def softmax_part2(x, n: int, top):
    out = []
    for i in range(n):
        out.append(math.exp(x[i] - top))
    return out


def softmax_part3(x, n: int):
    total = 0
    for i in range(n):
        total += x[i]
    return total


def softmax_part4(x, n: int, total):
    out = []
    for i in range(n):
        out.append(x[i] / total)
    return out


def transformer_part1(tokens: int, head: int, size: int, keys, q):
    attention = []
    for t in range(tokens):
        score = 0
        for i in range(size):
            score += q[head * size + i] * keys[t][head * size + i]
        attention.append(score / math.sqrt(size))
    return attention


def transformer_part2(token: int, head: int, size: int, values, attention):
    xb = []
    for i in range(size):
        total = 0
        for t in range(token + 1):
            total += attention[t] * values[t][head * size + i]
        xb.append(total)
    return xb


def transformer_part3(x, n: int):
    out = []
    for i in range(n):
        out.append(x[i] * (1 / (1 + math.exp(-x[i]))))
    return out


def transformer_part4(x, y, n: int):
    out = []
    for i in range(n):
        out.append(x[i] * y[i])
    return out
