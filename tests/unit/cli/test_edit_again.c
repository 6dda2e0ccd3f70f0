/* What is made in a text that somebody else has changed meanwhile is made again, and nothing else is. */
#include "cli/args/edit_again.h"

#include "tests/unit/test.h"

struct tries {
	int edited;		/* so often somebody else was faster */
	int ends;		/* and then it ends so */
	int n;
};

static int
edit_once(struct cli *c, void *ctx, struct error *err)
{
	struct tries *t = ctx;

	(void)c;
	if (t->n++ < t->edited)
		return error_set(err, ERR_EDITED, "edited");
	return t->ends < 0 ? error_set(err, ERR_REFUSED, "refused") : t->ends;
}

TEST(it_begins_again_while_others_edit_and_ends_as_it_ends)
{
	struct tries t = { .edited = 3, .ends = 2 };
	struct error err = { 0 };

	assert_int_equal(edit_again(NULL, edit_once, &t, &err), 2);
	assert_int_equal(t.n, 4);
	assert_int_equal(err.code, 0);
}

TEST(another_failure_is_told_and_not_tried_again)
{
	struct tries t = { .edited = 1, .ends = -1 };
	struct error err;

	not_ok(edit_again(NULL, edit_once, &t, &err), "refused");
	assert_int_equal(t.n, 2);
	t.n = 0;
	assert_int_equal(edit_again(NULL, edit_once, &t, NULL), -1);
}
