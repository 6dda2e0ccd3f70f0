#include "hostagent/protocol/guest_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sha256.h"

enum { DIGEST = 16, MAX_PERMISSIONS = 07777 };

const char guest_file_look[] =
	"look() {\n"
	"  if [ ! -e \"$1\" ]; then echo gone\n"
	"  elif [ ! -f \"$1\" ]; then echo other\n"
	"  else set -- \"$(stat -c %a \"$1\")\" \"$(head -c 16777216 \"$1\" | sha256sum | cut -c 1-16)\"; echo \"$1 $2\"\n"
	"  fi\n"
	"}\n";

const char *
guest_file_word(struct arena *a, const char *text, size_t len, const char *permissions)
{
	char hex[65];

	sha256_hex(text, len, hex);
	return arena_printf(a, "%lo %.*s", strtoul(permissions, NULL, 8) & MAX_PERMISSIONS, DIGEST, hex);
}

const char *
guest_file_read(struct arena *a, const char *said, size_t len)
{
	const char *word = arena_printf(a, "%.*s", (int)(len < 64 ? len : 64), said);
	size_t octal = strspn(word, "01234567");

	if (!strcmp(word, GUEST_FILE_GONE) || !strcmp(word, "other"))
		return word;
	if (!octal || octal > 4 || word[octal] != ' ' || strspn(word + octal + 1, "0123456789abcdef") != DIGEST || word[octal + 1 + DIGEST])
		return NULL;
	return word;
}
