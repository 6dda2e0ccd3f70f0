#include "guest/init/park.h"

#include <unistd.h>

#include "base/auto.h"
#include "guest/init/log.h"
#include "guest/init/modules.h"
#include "guest/park/talk.h"

void
park(void)
{
	auto_close int fd = -1;

	if (!park_possible())
		return;
	modules_load("agent");
	fd = park_find();
	if (fd < 0 || !park_host_listens(fd))
		return;
	modules_load("late");
	modules_load("fuse");
	/* What each that begins from here would load again, in the time that it is waited for. */
	modules_load("names");
	sync();
	init_say("parked");
	park_wait(fd, init_say);
	if (!park_renewed(fd))
		say_errno("park");
	init_say("renewed");
}
