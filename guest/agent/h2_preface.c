#include "guest/agent/h2_preface.h"

size_t
h2_preface_find(struct h2_preface *f, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		/* the only end of a part of it that is also its beginning is the P of HTTP */
		while (f->have && p[i] != PREFACE[f->have])
			f->have = f->have == sizeof "PRI * HTTP" - 1;
		f->have += p[i] == PREFACE[f->have];
		if (f->have == PREFACE_LEN) {
			f->have = 0;
			return len - i - 1;
		}
	}
	return PREFACE_NONE;
}

void
h2_preface_follow(struct h2_preface *f, const char *p, size_t len)
{
	if (len >= PREFACE_LEN) {
		*f = (struct h2_preface){ 0 };
		p += len - (PREFACE_LEN - 1);
		len = PREFACE_LEN - 1;
	}
	for (size_t rest; (rest = h2_preface_find(f, p, len)) != PREFACE_NONE; len = rest)
		p += len - rest;
}
