#include "providers/stop_ladder.h"

#include "tests/unit/test.h"

TEST(the_button_is_pressed_again_until_the_grace_is_over)
{
	struct stop_ladder l = stop_ladder(1000, 25000);
	int wait;

	assert_int_equal(stop_ladder_next(&l, 1000, &wait), STOP_BUTTON);
	assert_int_equal(wait, 10000);
	assert_int_equal(stop_ladder_next(&l, 11000, &wait), STOP_BUTTON);
	assert_int_equal(stop_ladder_next(&l, 21000, &wait), STOP_BUTTON);
	assert_int_equal(wait, 5000);
	assert_int_equal(stop_ladder_next(&l, 26000, &wait), STOP_QUIT);
	assert_int_equal(stop_ladder_next(&l, 36000, &wait), STOP_KILL);
	assert_int_equal(stop_ladder_next(&l, 66000, &wait), STOP_LOST);
	assert_int_equal(stop_ladder_next(&l, 66000, &wait), STOP_LOST);
}

TEST(without_grace_the_guest_is_not_asked)
{
	struct stop_ladder l = stop_ladder(0, 0);
	int wait;

	assert_int_equal(stop_ladder_next(&l, 0, &wait), STOP_QUIT);
	assert_int_equal(wait, 10000);
}

TEST(a_button_that_cannot_be_pressed_is_not_waited_for)
{
	struct stop_ladder l = stop_ladder(0, 180000);
	int wait;

	assert_int_equal(stop_ladder_next(&l, 0, &wait), STOP_BUTTON);
	stop_ladder_skip_button(&l);
	assert_int_equal(stop_ladder_next(&l, 1, &wait), STOP_QUIT);
	/* once climbed there is no way back */
	stop_ladder_skip_button(&l);
	assert_int_equal(stop_ladder_next(&l, 2, &wait), STOP_KILL);
}
