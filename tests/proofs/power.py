"""What a loss of power leaves of a folder: what was there at first, and what has been synced since (shim.c notes it)."""
import ctypes, os, shutil, socket, stat, struct


LIBC = ctypes.CDLL(None)


def key_of(path):
    """An inode and when it was born, since numbers come again (statx)."""
    buf = ctypes.create_string_buffer(256)
    if LIBC.statx(-100, os.fsencode(path), 0x100, 0x900, buf) != 0:
        raise FileNotFoundError(path)
    seconds, ns = struct.unpack_from("qI", buf, 80)
    return f"{struct.unpack_from('Q', buf, 32)[0]}.{seconds}{ns:09}"


def look(root):
    """Folder by key: its entries (key by name); file by key: what it is, its mode, time and bytes."""
    folders, files = {}, {}

    def see(path):
        key, st = key_of(path), os.lstat(path)
        kind = "d" if stat.S_ISDIR(st.st_mode) else "l" if stat.S_ISLNK(st.st_mode) else "s" if stat.S_ISSOCK(st.st_mode) else "f"
        content = None
        if kind == "f":
            with open(path, "rb") as f:
                content = f.read()
        files[key] = (kind, stat.S_IMODE(st.st_mode), st.st_mtime_ns, content, os.readlink(path) if kind == "l" else None)
        if kind == "d":
            folders[key] = {name: see(os.path.join(path, name)) for name in os.listdir(path)}
        return key

    return {"root": see(root), "folders": folders, "files": files}


def synced(shadow):
    folders, files = {}, {}
    for name in os.listdir(shadow) if os.path.isdir(shadow) else []:
        if name.endswith(".tmp"):
            continue
        kind, key = name.split(".", 1)
        with open(os.path.join(shadow, name), "rb") as f:
            data = f.read()
        if kind == "F":
            files[key] = data
        else:
            folders[key] = {n: k for k, n in (l.split(" ", 1) for l in data.decode().splitlines())}
    return folders, files


def lose(root, shadow, before, names, data):
    """
    Everything that was not synced since `before` is lost: of the names in folders (`names`), of the bytes in files (`data`), or both.
    What is kept of the two is as it is now. Files that were made and never synced are empty.
    """
    now = look(root)
    folders, files = synced(shadow)
    park = root + ".parked"
    os.mkdir(park)
    for top, _, here in os.walk(root):          # each inode is kept, as those of a disk are
        for name in here:
            path = os.path.join(top, name)
            key = key_of(path)
            if not os.path.lexists(os.path.join(park, key)):
                os.rename(path, os.path.join(park, key))
    for name in os.listdir(root):
        shutil.rmtree(os.path.join(root, name)) if os.path.isdir(os.path.join(root, name)) else os.unlink(os.path.join(root, name))
    placed = {}

    def entries(key):
        if not names:
            return now["folders"].get(key, {})
        return folders.get(key, before["folders"].get(key, {}))

    def bytes_of(key):
        if not data:
            known = now["files"].get(key) or before["files"].get(key)
            return (known[3] if known else files.get(key)) or b""
        if key in files:
            return files[key]
        return (before["files"][key][3] if key in before["files"] else None) or b""

    def place(key, path):
        kind, mode, mtime, _, target = now["files"].get(key) or before["files"].get(key) or ("f", 0o600, 0, None, None)
        if kind == "d":
            os.mkdir(path)
            os.chmod(path, mode)
            for name, k in entries(key).items():
                place(k, os.path.join(path, name))
            return
        if key in placed:
            os.link(placed[key], path, follow_symlinks=False)
            return
        placed[key] = path
        parked = os.path.join(park, key)
        if os.path.lexists(parked):
            os.rename(parked, path)
        elif kind == "l":
            os.symlink(target, path)
        elif kind == "s":
            s = socket.socket(socket.AF_UNIX)
            s.bind(path)
            s.close()
        if kind == "f":
            rewrite(path, bytes_of(key), mode, mtime)

    for name, key in entries(now["root"]).items():
        place(key, os.path.join(root, name))
    shutil.rmtree(park)


def rewrite(path, data, mode, mtime):
    have = None
    if os.path.exists(path):
        os.chmod(path, 0o600)
        with open(path, "rb") as f:
            have = f.read()
    if have != data:
        with open(path, "r+b" if have is not None else "wb") as f:
            f.write(data)
            f.truncate()
        if mtime:
            os.utime(path, ns=(mtime, mtime))
    os.chmod(path, mode)
