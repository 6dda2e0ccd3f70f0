/*
 * A program of another system, as far as the boot scripts can tell: writes how it was called into /log, a line a
 * call, and becomes /effects/NAME where there is one. An ELF file, since they tell Debian's apt-get by that.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	char line[8192], effect[256];
	size_t n = (size_t)snprintf(line, sizeof line, "%s", slash ? slash + 1 : argv[0]);
	int fd = open("/log", O_WRONLY | O_CREAT | O_APPEND, 0666);

	snprintf(effect, sizeof effect, "/effects/%s", line);
	for (int i = 1; i < argc && n < sizeof line; i++)
		n += (size_t)snprintf(line + n, sizeof line - n, " %s", argv[i]);
	if (n > sizeof line - 2)
		n = sizeof line - 2;
	for (size_t i = 0; i < n; i++)
		if (line[i] == '\n')
			line[i] = '|';
	line[n++] = '\n';
	if (fd < 0 || write(fd, line, n) != (ssize_t)n)
		return 111;
	close(fd);
	execv(effect, argv);
	return 0;
}
