# sha256 and its kin (providers/fetch/digest.c) out of the static library, which must come after every shared one
LIBS_MAIN += -Wl,-Bstatic -lcrypto -Wl,-Bdynamic
LAZY += providers/ssh/keys.c
LAZY += providers/fetch/http.c providers/fetch/http_get.c
LAZY += providers/fetch/cache.c providers/fetch/cache_transfer.c providers/fetch/cache_version.c
LAZY += providers/ssh/sftp.c providers/ssh/ssh.c providers/ssh/ssh_link.c providers/ssh/ssh_channel.c providers/ssh/ssh_exec.c providers/ssh/ssh_heap.c providers/ssh/ssh_session.c
LAZY += providers/disk/iso9660.c providers/fetch/unpack.c providers/fetch/unpack_child.c providers/fetch/unpack_stream.c providers/fetch/inflate.c
# light, and called by the lazy half too
LAZY_EXTRA += providers/sock.c providers/ssh/host_key.c
LAZY_EXTRA += providers/fetch/digest.c providers/fetch/cache_lookup.c providers/fetch/cache_owner.c
LAZY += providers/pack_zstd.c providers/pack_gzip.c providers/memory_stream.c
LAZY += providers/clusters/ganeti/rapi.c
