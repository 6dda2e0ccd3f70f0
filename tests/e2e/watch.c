/*
 * watch FOLDER: a program for a guest; says which name in the folder the first inotify event of a change of times is about.
 * What is about the folder itself has no name, and is passed over.
 */
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	_Alignas(struct inotify_event) char b[4096];
	const struct inotify_event *e;
	int fd = inotify_init();
	ssize_t n;

	if (argc != 2 || inotify_add_watch(fd, argv[1], IN_ATTRIB) < 0)
		return 1;
	puts("watching");
	fflush(stdout);
	while ((n = read(fd, b, sizeof b)) > 0)
		for (const char *p = b; p < b + n; p += sizeof *e + e->len) {
			e = (const struct inotify_event *)p;
			if (!e->len)
				continue;
			printf("seen %s\n", e->name);
			return 0;
		}
	return 1;
}
