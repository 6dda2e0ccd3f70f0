#include "hostagent/machine/boot_words.h"

#include <stddef.h>
#include <string.h>

#include "base/auto.h"

/* In the order of a boot. cloud-init says of itself, at the begin of each stage, which it is. */
static const struct {
	const char *words[2];
	const char *word;
} boot_table[] = {
	{ { "BdsDxe: ", NULL }, "firmware" },
	{ { "SeaBIOS", NULL }, "firmware" },
	{ { "GNU GRUB", NULL }, "boot loader" },
	{ { "Booting `", NULL }, "boot loader" },
	{ { "Linux version ", NULL }, "kernel" },
	{ { "Loading, please wait", NULL }, "initrd" },
	{ { "Run /init as init process", NULL }, "initrd" },
	{ { "Run /sbin/init as init process", NULL }, "init" },
	{ { "systemd[1]: systemd ", "running in system mode" }, "systemd" },
	{ { "Welcome to ", "!" }, "systemd" },
	{ { "OpenRC ", "starting up" }, "OpenRC" },
	{ { "Cloud-init v.", "running 'init-local'" }, "cloud-init 1/4: what is attached" },
	{ { "Cloud-init v.", "running 'init'" }, "cloud-init 2/4: network and users" },
	{ { "Cloud-init v.", "running 'modules:config'" }, "cloud-init 3/4: configuration" },
	{ { "Cloud-init v.", "running 'modules:final'" }, "cloud-init 4/4: packages and scripts" },
	{ { "Cloud-init v.", " finished at " }, "cloud-init is through" },
};

const char *
boot_word(const char *line)
{
	for (size_t i = 0; i < ARRAY_LEN(boot_table); i++)
		if (strstr(line, boot_table[i].words[0]) && (!boot_table[i].words[1] || strstr(line, boot_table[i].words[1])))
			return boot_table[i].word;
	return NULL;
}

void
boot_words_hear(struct boot_words *b, const char *line, uint64_t now)
{
	const char *word = boot_word(line);

	if (!word)
		return;
	for (unsigned i = 0; i < b->n; i++)
		if (!strcmp(b->v[i].word, word))
			return;
	if (b->n < BOOT_WORDS)
		b->v[b->n++] = (struct boot_word){ word, now };
}
