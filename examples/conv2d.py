"""A small convolution without padding: a stack of channels and 3 x 3 kernels, channels last."""


def conv2d(image: "f32[h, w, c]", kernel: "f32[3, 3, c, f]") -> "f32[h - 2, w - 2, f]":
    """out[y][x][o] is the sum over a 3 x 3 window and all channels."""
    h, w, channels, filters = len(image), len(image[0]), len(kernel[0][0]), len(kernel[0][0][0])
    out = []
    for y in range(h - 2):
        row = []
        for x in range(w - 2):
            pixel = []
            for o in range(filters):
                total = 0.0
                for dy in range(3):
                    for dx in range(3):
                        for ch in range(channels):
                            total += image[y + dy][x + dx][ch] * kernel[dy][dx][ch][o]
                pixel.append(total)
            row.append(pixel)
        out.append(row)
    return out
