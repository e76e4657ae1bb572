"""The bar chart of the speeds, as SVG. Its colours can be read on a light page and on a dark one."""

from html import escape

TEXT, GRID, OURS, OTHERS = "#768390", "#76839066", "#2f81f7", "#9198a1"
NAMES, PANEL, GAP, NUMBER = 180, 250, 30, 50  # widths
BAR, ROW, HEAD = 12, 20, 56                   # heights

PANELS = [("rate", "records/s (longer is better)"), ("cpu", "CPU per record (shorter is better)")]


def speed(ratios):
    """`ratios`: by size, by program, by "rate" and "cpu", (median, least, most) as ratios to the limit."""
    parts, y = [], 0
    for size, programs in ratios.items():
        parts.append(text(0, y + 16, f"Records of {size}", weight="bold"))
        for index, (figure, title) in enumerate(PANELS):
            left = NAMES + index * (PANEL + GAP)
            parts.append(text(left, y + 36, f"{title}, limit = 1", size=11))
            parts += panel(left, y + HEAD - 12, {name: each[figure] for name, each in programs.items()})
        for row, name in enumerate(programs):
            parts.append(text(NAMES - 8, y + HEAD - 2 + row * ROW, name, anchor="end"))
        y += HEAD + len(programs) * ROW + 12
    width, height = NAMES + 2 * PANEL + GAP, y - 12
    style = 'font-family="-apple-system,Segoe UI,Helvetica,Arial,sans-serif" font-size="12"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {style}>',
        "<title>Records/s and CPU of Runnel and others, as ratios to a bare librdkafka loop</title>", *parts, "</svg>", ""])


def panel(left, top, bars):
    scale = (PANEL - NUMBER) / max(most for _, _, most in bars.values())
    one = left + scale
    parts = [line(one, top - 2, one, top + len(bars) * ROW - 4, GRID, dash="3 3")]
    for row, (name, (median, least, most)) in enumerate(bars.items()):
        y, colour = top + row * ROW, OURS if name.startswith("Runnel") else OTHERS
        middle = y + BAR / 2
        parts.append(f'<rect x="{left:.1f}" y="{y}" width="{median * scale:.1f}" height="{BAR}" rx="2" fill="{colour}"/>')
        parts.append(line(left + least * scale, middle, left + most * scale, middle, TEXT))
        parts.append(text(left + most * scale + 6, y + 10, f"{median:.2f}", size=11))
    return parts


def text(x, y, words, size=12, weight="normal", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y}" fill="{TEXT}" font-size="{size}" font-weight="{weight}" '
            f'text-anchor="{anchor}">{escape(words)}</text>')


def line(x1, y1, x2, y2, colour, dash="none"):
    return (f'<line x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}" stroke="{colour}" stroke-width="1.5" '
            f'stroke-dasharray="{dash}"/>')
