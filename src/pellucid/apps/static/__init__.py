"""Serves a folder: `app.Static(root, settings)` is the app.

One path's way through the modules, in the order of reading:

- `app` gets the request. `parse_path` of `semantics.path` makes a Route of its path: the names, decoded, and whether a
  slash ends it. `settings` says what was chosen, `rules` what follows from it for a name
  (`fingerprint`: whether that holds a hash).
- `entries` knows what was asked for before: an Entry that still stands is answered with at once.
- `beneath` otherwise walks the names from the Root. What it finds is a Found: a file or a folder, by its Place, which
  is the chain of open folders that leads to it.
- `lookup` says what that means: a ServedFile, a folder to be listed (still a Found), or Elsewhere, a better path. Of a
  ServedFile and the compressed ones beside it, it makes an Entry.
- `representation`: an Entry holds one for each coding, with its heads ready.
- `answers` takes the one that the client wants through preconditions and ranges, to an answer or to Refuse. Its body
  is bytes or, if it is large, a FileSource of `source`.
- `folder` reads the Contents of a folder; `listing` draws them as HTML, JSON or text.
- `errors` makes the answers that carry no file, and `policy` says what pages made here may do: nothing.
"""
