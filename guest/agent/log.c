#include "guest/agent/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool debug_on;

void
log_debug_on(void)
{
	debug_on = true;
}

/* One write a line, and no stdio buffer to keep in memory. */
__attribute__((format(printf, 2, 0))) static void
agent_log_line(const char *level, const char *fmt, va_list ap)
{
	char text[1024];
	int head = snprintf(text, sizeof text, "%s: ", level), n;

	n = head + vsnprintf(text + head, sizeof text - (size_t)head - 1, fmt, ap);
	if (n > (int)sizeof text - 2)
		n = (int)sizeof text - 2;
	for (int i = head; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	text[n] = '\n';
	(void)!write(STDERR_FILENO, text, (size_t)n + 1);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!debug_on)
		return;
	va_start(ap, fmt);
	agent_log_line("debug", fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	agent_log_line("info", fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	agent_log_line("warning", fmt, ap);
	va_end(ap);
}
