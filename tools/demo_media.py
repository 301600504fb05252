"""Makes the demo's pictures and its film, out of nothing but arithmetic; needs numpy, Pillow and ffmpeg.

Run it as `python tools/demo_media.py demo`. What it makes is committed, so that serving the demo needs none of them.
"""

import math
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Point = tuple[float, float]

# The pictures: light on the ground of shallow water, four times of a day. Deep, shallow, light; then a seed.
WATERS = {
    "dawn.jpg": ("#31526b", "#d99a86", "#fff0dc", 5),
    "noon.png": ("#0a6a73", "#63bfc0", "#f4fffb", 11),
    "dusk.webp": ("#2c2a57", "#b0567c", "#ffd9b0", 23),
    "night.avif": ("#071421", "#1f4f66", "#bfeaf2", 42),
}
QUALITY = {".jpg": {"quality": 84, "progressive": True}, ".webp": {"quality": 82}, ".avif": {"quality": 66}, ".png": {}}


def water(deep: str, shallow: str, light: str, seed: int, width: int = 720, height: int = 480) -> Image.Image:
    """Rays fall through a wavy surface; where many meet on the ground, it is bright."""
    chance = numpy.random.default_rng(seed)
    rays, edge = 4, 40
    width, height = width + 2 * edge, height + 2 * edge  # rays from beyond the edge fall into the picture, too
    y, x = numpy.mgrid[0 : height : 1 / rays, 0 : width : 1 / rays]
    away = 0.45 + 0.55 * y / height  # what is further up the picture is further away, so its waves are smaller
    u, v = (x - width / 2) / away, 900 * numpy.log(away)
    shift_x, shift_y = numpy.zeros_like(x), numpy.zeros_like(y)
    for _ in range(22):
        angle, length = chance.uniform(0, 2 * math.pi), chance.uniform(70, 260)
        k_x, k_y = 2 * math.pi / length * math.cos(angle), 2 * math.pi / length * math.sin(angle)
        slope = numpy.cos(k_x * u + k_y * v + chance.uniform(0, 2 * math.pi)) * away
        shift_x += 6.2 * math.cos(angle) * slope
        shift_y += 6.2 * math.sin(angle) * slope * 0.6
    columns = numpy.clip(x + shift_x, 0, width - 1).astype(int)
    rows = numpy.clip(y + shift_y, 0, height - 1).astype(int)
    counts = numpy.bincount((rows * width + columns).ravel(), minlength=width * height).reshape(height, width)
    caustics = Image.fromarray(numpy.clip(counts / rays**2 * 60, 0, 255).astype("uint8"))
    sharp = numpy.asarray(caustics.filter(ImageFilter.GaussianBlur(0.9)), dtype=float) / 255
    glow = numpy.asarray(caustics.filter(ImageFilter.GaussianBlur(9)), dtype=float) / 255
    down = numpy.linspace(0, 1, height)[:, None]
    depth = numpy.clip(0.12 + 0.72 * down + 0.9 * (glow - 0.24), 0, 1)
    shine = numpy.clip(1.7 * (sharp - 0.2), 0, 1) ** 1.25 * (0.5 + 0.5 * down)
    colours = [numpy.array([int(each[at : at + 2], 16) for at in (1, 3, 5)]) for each in (deep, shallow, light)]
    ground = colours[0] + (colours[1] - colours[0]) * depth[..., None]
    whole = Image.fromarray((ground + (colours[2] - ground) * shine[..., None]).astype("uint8"))
    return whole.crop((edge, edge, width - edge, height - edge))


# The film: the five steps of a turn, eight seconds each.
WIDTH, HEIGHT, SCALE, RATE = 640, 360, 2, 24
PAPER, WASH, LINE, INK, SOFT = "#0f1518", "#182226", "#34444a", "#e5eced", "#9db0b5"
TITLE, STEP = 4, 8
STEPS = [
    ("fill", "#6fcdd2", "Bytes that have arrived come up the link", "into the engine, which knows the protocol."),
    ("deliver", "#8db8f5", "The engine makes events of them. Each one", "goes to its exchange, and the app is asked."),
    ("collect", "#bea2ee", "The app answers. One piece is taken from each", "exchange that has room: nobody starves."),
    ("flush", "#ec93b3", "The engine gives bytes, the link sends them.", "What the peer will not take yet, waits."),
    (
        "rearm",
        "#dcb163",
        "Nothing moves any more. What the connection",
        "waits for, and how long, is in its state.",
    ),
]
LENGTH = 2 * TITLE + len(STEPS) * STEP
BOXES = ["Peer", "Link", "Engine", "Exchange", "App"]
CENTRES = [(68 + 126 * place, 164) for place in range(5)]
# From which box to which the bytes of a step go; a turn ends where it began.
WAYS = {"fill": [0, 1, 2], "deliver": [2, 3, 4], "collect": [4, 3, 2], "flush": [2, 1, 0], "rearm": [1]}


@cache
def ground() -> Image.Image:
    """What is behind every frame: the water of the night, seen from far away."""
    size = (WIDTH * SCALE, HEIGHT * SCALE)
    return Image.blend(Image.new("RGB", size, PAPER), water(*WATERS["night.avif"], *size), 0.2)


class Canvas:
    """A frame to draw on in points of the film, drawn larger and made smaller so that edges are smooth."""

    fonts: dict[tuple[int, bool], ImageFont.FreeTypeFont] = {}

    def __init__(self) -> None:
        self.image = ground().copy()
        self.draw = ImageDraw.Draw(self.image)

    def text(self, at: Point, words: str, size: int, colour: str, anchor: str = "mm", bold: bool = False) -> None:
        if (size, bold) not in self.fonts:
            name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
            self.fonts[size, bold] = ImageFont.truetype(name, size * SCALE)
        self.draw.text((at[0] * SCALE, at[1] * SCALE), words, colour, self.fonts[size, bold], anchor)

    def box(self, at: Point, width: float, height: float, fill: str, edge: str = "", round_by: float = 8) -> None:
        corners = [
            each * SCALE for each in (at[0] - width / 2, at[1] - height / 2, at[0] + width / 2, at[1] + height / 2)
        ]
        self.draw.rounded_rectangle(corners, round_by * SCALE, fill, edge or None, 2 * SCALE if edge else 0)

    def arc(self, at: Point, radius: float, share: float, colour: str) -> None:
        corners = [each * SCALE for each in (at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius)]
        self.draw.arc(corners, -90, -90 + 360 * share, colour, 3 * SCALE)

    def line(self, start: Point, end: Point, colour: str) -> None:
        self.draw.line([start[0] * SCALE, start[1] * SCALE, end[0] * SCALE, end[1] * SCALE], colour, 2 * SCALE)

    def bytes(self) -> bytes:
        pixels: bytes = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).tobytes()
        return pixels


def frames() -> Iterator[bytes]:
    """Every frame of the film."""
    for number in range(LENGTH * RATE):
        canvas = Canvas()
        second = number / RATE
        step, within = divmod(second - TITLE, STEP)
        if 0 <= step < len(STEPS):
            draw_step(canvas, int(step), within)
        else:
            draw_title(canvas, second < TITLE)
        draw_clock(canvas, second)
        yield canvas.bytes()


def draw_title(canvas: Canvas, opening: bool) -> None:
    canvas.text((WIDTH / 2, 140), "One turn" if opening else "And again", 44, INK, bold=True)
    below = "how a request moves through Pellucid, in five steps" if opening else "thousands of times in every second"
    canvas.text((WIDTH / 2, 192), below, 17, SOFT)


def draw_step(canvas: Canvas, step: int, within: float) -> None:
    name, colour, *lines = STEPS[step]
    way = WAYS[name]
    canvas.text((24, 40), f"{step + 1}", 34, colour, "lm", bold=True)
    canvas.text((58, 40), name.capitalize(), 34, INK, "lm", bold=True)
    for left, right in pairwise(CENTRES):
        canvas.line((left[0] + 48, left[1]), (right[0] - 48, right[1]), LINE)
    for place, (centre, label) in enumerate(zip(CENTRES, BOXES, strict=True)):
        canvas.box(centre, 96, 60, WASH, colour if place in way else LINE)
        canvas.text(centre, label, 14, INK if place in way else SOFT, bold=place in way)
    if name == "rearm":
        draw_rest(canvas, colour, within)
    else:
        draw_pieces(canvas, [CENTRES[place] for place in way], colour, within, large=name in ("deliver", "collect"))
    for row, line in enumerate(lines):
        canvas.text((WIDTH / 2, 248 + 26 * row), line, 17, INK)


def draw_pieces(canvas: Canvas, way: list[Point], colour: str, within: float, large: bool) -> None:
    """Pieces go along a way, large ones (events, parts of a body) one by one, bytes in a stream."""
    (start, y), (end, _) = way[0], way[-1]
    count, size, time = (3, 15, 2.4) if large else (14, 6, 2.2)
    for piece in range(count):
        gone = (within - 0.3 - piece * (2.2 if large else 0.4)) / time
        if 0 < gone < 1:
            eased = gone * gone * (3 - 2 * gone)
            canvas.box(
                (start + (end - start) * eased, y - 44 - 8 * math.sin(math.pi * gone)), size, size, colour, "", 2
            )


def draw_rest(canvas: Canvas, colour: str, within: float) -> None:
    x, y = CENTRES[1]
    canvas.arc((x, y - 62), 20, 1.0, LINE)
    canvas.arc((x, y - 62), 20, max(1 - within / STEP, 0.01), colour)
    canvas.text((x, y - 62), f"{75 - int(within)}", 13, INK)
    canvas.text((x + 34, y - 62), "waits to read, 75 seconds at most", 14, SOFT, "lm")


def draw_clock(canvas: Canvas, second: float) -> None:
    canvas.text((WIDTH - 24, 40), f"0:{int(second):02}", 26, INK, "rm", bold=True)
    for step, (name, colour, *_) in enumerate(STEPS):
        start, width = 24 + 119 * step, 113
        share = min(max((second - TITLE - step * STEP) / STEP, 0), 1)
        canvas.box((start + width / 2, 336), width, 4, LINE, "", 2)
        if share * width > 4:
            canvas.box((start + share * width / 2, 336), share * width, 4, colour, "", 2)
        canvas.text((start, 322), name, 12, colour if 0 < share < 1 else SOFT, "lm")


CODECS = {
    "turn.mp4": "-c:v libx264 -preset slow -crf 17 -tune animation -profile:v high -movflags +faststart",
    "turn.webm": "-c:v libvpx-vp9 -crf 20 -b:v 0 -row-mt 1 -deadline good -cpu-used 2 -cues_to_front 1",
}


def film(folder: Path) -> None:
    """The film in both codecs, a key frame every two seconds so that a seek is quick; and its poster."""
    picture = f"-f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r {RATE} -i -".split()
    common = f"-pix_fmt yuv420p -g {2 * RATE} -map_metadata -1 -fflags +bitexact".split()
    for name, codec in CODECS.items():
        command = ["ffmpeg", "-loglevel", "error", "-y", *picture, *codec.split(), *common, str(folder / name)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
            assert encoder.stdin is not None
            encoder.stdin.writelines(frames())
        if encoder.returncode:
            sys.exit(f"ffmpeg could not make {name}")
    poster = Canvas()
    draw_title(poster, True)
    draw_clock(poster, 0)
    Image.frombytes("RGB", (WIDTH, HEIGHT), poster.bytes()).save(folder / "poster.webp", quality=90)


def main() -> None:
    demo = Path(sys.argv[1])
    for name, (deep, shallow, light, seed) in WATERS.items():
        picture = water(deep, shallow, light, seed)
        if name.endswith(".png"):
            picture = picture.quantize(96)
        picture.save(demo / "images" / name, **QUALITY[Path(name).suffix])
    film(demo / "video")


if __name__ == "__main__":
    main()
