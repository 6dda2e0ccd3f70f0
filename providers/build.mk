# sha256 and its kin (providers/digest.c) out of the static library, which must come after every shared one
LIBS_MAIN += -Wl,-Bstatic -lcrypto -Wl,-Bdynamic
LAZY += providers/keys.c
LAZY += providers/http.c providers/http_get.c
LAZY += providers/cache.c providers/cache_transfer.c providers/cache_version.c
LAZY += providers/sftp.c providers/ssh.c providers/ssh_link.c providers/ssh_exec.c providers/ssh_heap.c
LAZY += providers/iso9660.c providers/unpack.c providers/inflate.c
# light, and called by the lazy half too
LAZY_EXTRA += providers/sock.c
LAZY_EXTRA += providers/digest.c providers/cache_lookup.c
