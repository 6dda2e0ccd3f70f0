#include "hostagent/machine/console_lines.h"

#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"

/* Digits of any base are left out. */
static uint32_t
line_hash(const char *line)
{
	uint64_t h = HASH_START;

	for (; *line; line++)
		if (!isxdigit((unsigned char)*line) && *line != ' ')
			h = hash_bytes(h, line, 1);
	return (uint32_t)(h >> 32) | 1;
}

bool
console_lines_new(struct console_lines *l, const char *line)
{
	uint32_t hash = line_hash(line);
	size_t i = hash & (CONSOLE_SEEN - 1);

	while (l->seen[i] && l->seen[i] != hash)
		i = (i + 1) & (CONSOLE_SEEN - 1);
	if (l->seen[i])
		return false;
	/* So much has been new that the rest may be new once more. */
	if (++l->n > CONSOLE_SEEN / 4 * 3) {
		memset(l->seen, 0, sizeof l->seen);
		l->n = 1;
		i = hash & (CONSOLE_SEEN - 1);
	}
	l->seen[i] = hash;
	return true;
}

int
console_lines_boot(struct console_lines *l, const char *line)
{
	static const char *const banners[] = {
		"SeaBIOS (version ", "UEFI firmware (version ", "BdsDxe: starting Boot", "SLOF **", "OpenSBI v", "U-Boot 20",
		"Welcome to GRUB", "EFI stub: Booting Linux", "Linux version ", "Booting Linux on physical CPU ",
	};

	_Static_assert(ARRAY_LEN(banners) == CONSOLE_BANNERS, "one counter each");
	for (size_t i = 0; i < CONSOLE_BANNERS; i++) {
		if (!strstr(line, banners[i]))
			continue;
		if (!l->boots[i].line)
			l->boots[i].line = line_hash(line);
		return l->boots[i].line == line_hash(line) ? ++l->boots[i].n : 0;
	}
	return 0;
}
