/* watch FOLDER: a program for a guest; says which name in the folder the first inotify event of a change of times is about. */
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	_Alignas(struct inotify_event) char b[4096];
	int fd = inotify_init();

	if (argc != 2 || inotify_add_watch(fd, argv[1], IN_ATTRIB) < 0)
		return 1;
	puts("watching");
	fflush(stdout);
	if (read(fd, b, sizeof b) <= 0)
		return 1;
	printf("seen %s\n", ((struct inotify_event *)b)->name);
	return 0;
}
