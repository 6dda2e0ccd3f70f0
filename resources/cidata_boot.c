/*
 * What makes the guest run the volume's boot.sh: as early as cloud-init runs anything.
 *
 * bootcmd is run in every boot, before cloud-init makes the user and before sshd
 * starts; a script per boot, in its last stage, which waits for the former where
 * there is systemd and does the work where there is not.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "resources/cidata_files.h"

/* Every line of a block scalar, indented; the text is ours. */
static void
cidata_boot_block(struct buf *b, const char *indent, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		buf_addf(b, "%s%.*s\n", indent, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

#define MOUNT \
	"m=/mnt/lima-cidata\n" \
	"[ -e $m/boot.sh ] || {\n" \
	"  mkdir -p -m 700 $m &&\n" \
	"    mount -o ro,mode=0700,dmode=0700,overriderockperm,exec,uid=0 /dev/disk/by-label/cidata $m\n" \
	"} || exit 1\n"

void
cidata_write_files(struct buf *b)
{
	buf_adds(b, "\nwrite_files:\n"
		    "- path: /var/lib/cloud/scripts/per-boot/00-lima.boot.sh\n"
		    "  owner: root:root\n"
		    "  permissions: \"0755\"\n"
		    "  content: |\n");
	cidata_boot_block(b, "    ", "#!/bin/sh\n" MOUNT "LIMA_CIDATA_MNT=$m exec /bin/sh $m/boot.sh\n");
}

/*
 * cloud-init cannot rename an interface that is up already (Ubuntu 26.04, LP: #2136392). Arguments: MAC=NAME...
 */
static const char rename_interfaces[] =
	"for pair; do\n"
	"  want=${pair#*=}\n"
	"  [ ! -e \"/sys/class/net/$want\" ] || continue\n"
	"  for dev in /sys/class/net/*; do\n"
	"    read -r mac <\"$dev/address\" && [ \"$mac\" = \"${pair%%=*}\" ] || continue\n"
	"    ip link set \"${dev##*/}\" down && ip link set \"${dev##*/}\" name \"$want\" && ip link set \"$want\" up\n"
	"    # its address has to come anew\n"
	"    n=0\n"
	"    until ip -4 addr show dev \"$want\" | grep -q inet || [ $n -ge 30 ]; do sleep 1; n=$((n + 1)); done\n"
	"  done\n"
	"done\n";

static void
cidata_boot_item(struct buf *b, const char *prefix, const char *text)
{
	buf_adds(b, prefix);
	quote_yaml(b, text);
	buf_addc(b, '\n');
}

static void
put_interfaces(struct buf *b, struct arena *a, const struct spec *spec)
{
	buf_adds(b, "- - /bin/sh\n  - -c\n  - |\n");
	cidata_boot_block(b, "    ", rename_interfaces);
	cidata_boot_item(b, "  - ", "lima");
	cidata_boot_item(b, "  - ", arena_printf(a, "%s=eth0", cidata_mac(a, spec)));
	for (size_t i = 0; i < spec->nnetworks; i++)
		cidata_boot_item(b, "  - ", arena_printf(a, "%s=%s", spec->networks[i].mac_address, spec->networks[i].interface));
}

/*
 * A process of its own for each: neither its exit nor its mistakes end the others.
 * The parameters come with it, as the volume is not mounted yet.
 */
static void
put_script(struct buf *b, struct arena *a, const struct spec *spec, const char *script)
{
	buf_adds(b, "- - env\n");
	for (size_t i = 0; i < spec->nparam; i++)
		cidata_boot_item(b, "  - ", arena_printf(a, "PARAM_%s=%s", spec->param[i].key, spec->param[i].value));
	buf_adds(b, "  - /bin/sh\n  - -c\n");
	cidata_boot_item(b, "  - ", script);
}

void
cidata_bootcmd(struct buf *b, struct arena *a, const struct spec *spec)
{
	buf_adds(b, "\nbootcmd:\n");
	put_interfaces(b, a, spec);
	for (size_t i = 0; i < spec->nprovision; i++)
		if (spec->provision[i].mode == PROVISION_BOOT)
			put_script(b, a, spec, spec->provision[i].script);
	buf_adds(b, "- - /bin/sh\n  - -c\n  - |\n");
	cidata_boot_block(b, "    ", MOUNT "LIMA_CIDATA_MNT=$m exec /bin/sh $m/boot.sh begin\n");
}
