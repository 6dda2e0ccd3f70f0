/* The argument list of a QEMU: words, options, quoting. */
#include <stdarg.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "providers/drivers/qemu/args.h"

void
args_release(struct args *a)
{
	free(a->v);
}

bool
argv_given(const char *s)
{
	return s && *s;
}

void
argv_word(struct args *a, const char *s)
{
	GROW(a->v, a->n, a->cap);
	a->v[a->n++] = s;
}

bool
argv_taken(const struct args *a, const char *option)
{
	static const char *const once[] = {
		"-m", "-object", "-numa", "-cpu", "-machine", "-accel", "-smp", "-boot", "-kernel", "-append", "-initrd",
		"-display", "-sandbox", "-runas",
	};

	for (size_t i = 0; i < ARRAY_LEN(once); i++)
		if (strcmp(once[i], option) == 0)
			for (size_t k = 1; k < a->m->nprogram; k++)
				if (strcmp(a->m->program[k], option) == 0)
					return true;
	return false;
}

void
argv_add_one(struct args *a, const char *option, const char *fmt, ...)
{
	va_list ap;

	if (argv_taken(a, option))
		return;
	argv_word(a, option);
	va_start(ap, fmt);
	argv_word(a, arena_vprintf(a->mem, fmt, ap));
	va_end(ap);
}

const char *
argv_val(struct args *a, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	quote_option(&b, s);
	return arena_strdup(a->mem, b.s);
}

const char *
argv_in_dir(struct args *a, const char *name)
{
	return argv_val(a, arena_printf(a->mem, "%s/%s", a->is->dir, name));
}
