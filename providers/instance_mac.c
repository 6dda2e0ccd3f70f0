#include "providers/instance_mac.h"

#include <ctype.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"

/* /etc/machine-id, or what stands in for it; appended to `b` */
static void
append_machine_id(struct buf *b)
{
	static const char *const file[] = { "/etc/machine-id", "/var/lib/dbus/machine-id" };
	char host[256] = "";

	for (size_t i = 0; i < ARRAY_LEN(file) && !b->len; i++) {
		fs_read_if(file[i], b, 4096, NULL);
		while (b->len && isspace((unsigned char)b->s[b->len - 1]))
			buf_truncate(b, b->len - 1);
	}
	if (!b->len && gethostname(host, sizeof host - 1) == 0)
		buf_adds(b, host);
}

/* lima-vm/lima: pkg/limayaml/defaults.go: 52:55:55 and three bytes of a digest */
const char *
instance_mac(struct arena *a, const char *dir)
{
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	append_machine_id(&b);
	buf_adds(&b, dir);
	sha256_hex(b.s, b.len, hex);
	return arena_printf(a, "52:55:55:%.2s:%.2s:%.2s", hex, hex + 2, hex + 4);
}
