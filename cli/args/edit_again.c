#include "cli/args/edit_again.h"

#include "base/error.h"

int
edit_again(struct cli *c, int (*once)(struct cli *c, void *ctx, struct error *err), void *ctx, struct error *err)
{
	struct error why;
	int done;

	do {
		why = (struct error){ 0 };
		done = once(c, ctx, &why);
	} while (done < 0 && why.code == ERR_EDITED);
	if (done < 0 && err)
		*err = why;
	return done;
}
