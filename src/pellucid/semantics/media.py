"""The media type of a file, by its name alone; it knows no other table than its own, whatever the machine's says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

UNKNOWN = b"application/octet-stream"
TEXT = b"text/plain; charset=utf-8"


def media_type(name: bytes, overrides: Mapping[bytes, bytes] = MappingProxyType({})) -> bytes:
    """The Content-Type for a file of this name, `application/octet-stream` where the name says nothing.

    `overrides` come first: from an extension in lower case, without its dot, or a whole name, to the value.
    Text is said to be in UTF-8. JSON is not, since it is nothing else and has no such parameter (RFC 8259 section 11).
    """
    stem, dot, extension = name.rpartition(b".")
    # What begins with its only dot (`.htaccess`) is a name, not an extension.
    key = extension.lower() if dot and stem else b""
    return (
        overrides.get(name)
        or overrides.get(key)
        or NAMES.get(name)
        or EXTENSIONS.get(key)
        or (TEXT if not key and name.upper() in PLAIN_NAMES else UNKNOWN)
    )


def compressible(content_type: bytes) -> bool:
    """Whether content of this type is likely to become smaller by a content coding."""
    essence = content_type.partition(b";")[0].strip().lower()
    return (
        essence.startswith((b"text/", b"model/gltf+"))
        or essence.endswith((b"+xml", b"+json", b"/xml", b"/json"))
        or essence in _COMPRESSIBLE
    )


# One line for each type: the extensions that have it. A type that is text gets its charset below.
_TABLE = """
text/html                         html htm xhtm shtml
text/css                          css
text/javascript                   js mjs cjs
text/plain                        txt text log conf cfg ini toml env diff patch rst adoc tex srt sub nfo list
text/plain                        py pyi pyx c h cc cpp cxx hpp hh rs go java kt kts scala swift rb pl pm lua r jl sh
text/plain                        bash zsh fish ps1 bat cmd sql tsx jsx vue svelte scss sass less zig nim ex exs
text/plain                        erl hs ml clj el vim dart cs fs php cmake mk gradle dockerfile properties lock
text/markdown                     md markdown mkd
text/csv                          csv
text/tab-separated-values         tsv
text/calendar                     ics ifb
text/vcard                        vcf vcard
text/vtt                          vtt
application/xml                   xml xsd xsl rng
text/cache-manifest               appcache
text/vnd.graphviz                 gv dot
application/json                  json map har ipynb
application/ld+json               jsonld
application/geo+json              geojson
application/manifest+json         webmanifest
application/feed+json             jsonfeed
application/x-ndjson              ndjson jsonl
application/schema+json           schema
application/importmap+json        importmap
application/yaml                  yaml yml
application/xhtml+xml             xhtml xht
application/rss+xml               rss
application/atom+xml              atom
application/xslt+xml              xslt
application/mathml+xml            mathml
application/gpx+xml               gpx
application/vnd.google-earth.kml+xml  kml
application/vnd.google-earth.kmz  kmz
application/dash+xml              mpd
application/vnd.apple.mpegurl     m3u8
audio/mpegurl                     m3u
application/wasm                  wasm
application/pdf                   pdf
application/rtf                   rtf
application/postscript            ps eps ai
application/epub+zip              epub
application/x-mobipocket-ebook    mobi
application/zip                   zip
application/gzip                  gz tgz svgz
application/zstd                  zst
application/x-bzip2               bz2
application/x-xz                  xz
application/x-brotli              br
application/x-lz4                 lz4
application/x-tar                 tar
application/x-7z-compressed       7z
application/vnd.rar               rar
application/java-archive          jar war ear
application/vnd.android.package-archive  apk
application/x-apple-diskimage     dmg
application/vnd.debian.binary-package  deb
application/x-rpm                 rpm
application/x-iso9660-image       iso
application/x-msdownload          exe dll
application/x-msi                 msi
application/x-xpinstall           xpi
application/x-chrome-extension    crx
application/x-bittorrent          torrent
application/vnd.sqlite3           sqlite sqlite3 db
application/vnd.apache.parquet    parquet
application/vnd.apache.arrow.file arrow feather
application/vnd.apache.arrow.stream  arrows
application/x-hdf5                h5 hdf5
application/protobuf              pb
application/cbor                  cbor
application/pgp-signature         sig
application/pgp-keys              asc
application/pkix-cert             cer
application/x-x509-ca-cert        crt der
application/x-pem-file            pem
application/pkcs12                p12 pfx
application/vnd.pmtiles           pmtiles
application/vnd.mapbox-vector-tile  mvt
application/msword                doc
application/vnd.ms-excel          xls
application/vnd.ms-powerpoint     ppt
application/vnd.openxmlformats-officedocument.wordprocessingml.document    docx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet          xlsx
application/vnd.openxmlformats-officedocument.presentationml.presentation  pptx
application/vnd.oasis.opendocument.text          odt
application/vnd.oasis.opendocument.spreadsheet   ods
application/vnd.oasis.opendocument.presentation  odp
application/vnd.oasis.opendocument.graphics      odg
application/vnd.ms-fontobject     eot
font/woff                         woff
font/woff2                        woff2
font/ttf                          ttf
font/otf                          otf
font/collection                   ttc
image/png                         png
image/apng                        apng
image/jpeg                        jpg jpeg jpe jfif
image/gif                         gif
image/webp                        webp
image/avif                        avif
image/jxl                         jxl
image/heic                        heic
image/heif                        heif
image/svg+xml                     svg
image/bmp                         bmp
image/tiff                        tif tiff
image/vnd.microsoft.icon          ico cur
image/vnd.adobe.photoshop         psd
image/jp2                         jp2
image/ktx2                        ktx2
image/vnd.ms-dds                  dds
image/vnd.djvu                    djvu djv
image/x-tga                       tga
audio/mpeg                        mp3
audio/mp4                         m4a m4b
audio/aac                         aac
audio/ogg                         ogg oga spx
audio/opus                        opus
audio/flac                        flac
audio/wav                         wav
audio/webm                        weba
audio/midi                        mid midi
audio/aiff                        aif aiff
audio/matroska                    mka
video/mp4                         mp4 m4v
video/webm                        webm
video/ogg                         ogv
video/quicktime                   mov qt
video/matroska                    mkv
video/mpeg                        mpg mpeg
video/mp2t                        ts m2ts mts
video/iso.segment                 m4s
video/x-msvideo                   avi
video/x-ms-wmv                    wmv
video/x-flv                       flv
video/3gpp                        3gp
video/3gpp2                       3g2
model/gltf-binary                 glb
model/gltf+json                   gltf
model/obj                         obj
model/mtl                         mtl
model/stl                         stl
model/step                        step stp
model/vnd.usdz+zip                usdz
model/3mf                         3mf
"""


def _with_charset(essence: str) -> bytes:
    # Not for XML, which names its encoding itself: the parameter would overrule it (RFC 7303 section 3.2).
    return (f"{essence}; charset=utf-8" if essence.startswith("text/") else essence).encode()


EXTENSIONS: Mapping[bytes, bytes] = MappingProxyType(
    {
        extension.encode(): _with_charset(essence)
        for essence, *extensions in map(str.split, _TABLE.strip().splitlines())
        for extension in extensions
    }
)

# Whole names that say more than their extension, mostly of /.well-known/ (RFC 8615).
NAMES: Mapping[bytes, bytes] = MappingProxyType(
    {
        b"apple-app-site-association": b"application/json",
        b"apple-developer-merchantid-domain-association": TEXT,
        b"openid-configuration": b"application/json",
        b"oauth-authorization-server": b"application/json",
        b"oauth-protected-resource": b"application/json",
        b"nodeinfo": b"application/json",
        b"webfinger": b"application/jrd+json",
        b"host-meta": b"application/xrd+xml",
        b"api-catalog": b"application/linkset+json",
        b"traffic-advice": b"application/trafficadvice+json",
        b"security.txt": TEXT,
    }
)

# Names without an extension that people write by hand, in any letter case.
PLAIN_NAMES = frozenset(
    b"README LICENSE LICENCE COPYING COPYRIGHT NOTICE AUTHORS CONTRIBUTORS CONTRIBUTING MAINTAINERS CHANGES CHANGELOG "
    b"CHANGE NEWS HISTORY INSTALL TODO THANKS CREDITS VERSION BUGS HACKING MAKEFILE GNUMAKEFILE DOCKERFILE "
    b"CONTAINERFILE PROCFILE JUSTFILE GEMFILE RAKEFILE VAGRANTFILE JENKINSFILE CODEOWNERS CNAME SHA256SUMS SHA512SUMS "
    b"MD5SUMS".split()
)

_COMPRESSIBLE = frozenset(
    b"application/javascript application/x-ndjson application/yaml application/wasm application/rtf "
    b"application/postscript application/vnd.apple.mpegurl application/vnd.ms-fontobject font/ttf "
    b"font/otf font/collection image/bmp image/vnd.microsoft.icon image/x-tga image/vnd.ms-dds application/x-tar "
    b"application/vnd.sqlite3 model/obj model/mtl model/stl model/step application/x-pem-file audio/mpegurl "
    b"audio/wav audio/midi".split()
)
