/* Messages of an external driver: what is told of one lies within it, and is printable where that is promised. */
#include "base/error.h"
#include "base/mem.h"
#include "drivers/wire/driver_msg.h"
#include "tests/fuzz/fuzz.h"

static void
driver_check_printable(const char *text, size_t size)
{
	if (strnlen(text, size) == size)
		abort();
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = xcalloc(1, size + 1);	/* no byte more, so that the sanitizer sees what is read behind it */
	struct driver_info info;
	struct error err;
	char why[256];
	const char *p;
	bool flag;
	size_t n;

	if (size)
		memcpy(copy, data, size);
	if (driver_msg_bytes(copy, size, &p, &n, &err) == 0) {
		if (n && ((const uint8_t *)p < copy || (const uint8_t *)p + n > copy + size))
			abort();
		if (driver_info_parse(p, n, &info, &err) == 0)
			driver_check_printable(info.name, sizeof info.name);
	}
	if (driver_msg_start(copy, size, &flag, why, &err) == 0)
		driver_check_printable(why, sizeof why);
	if (driver_info_parse((const char *)copy, size, &info, &err) == 0)
		driver_check_printable(info.name, sizeof info.name);
	free(copy);
	return 0;
}
