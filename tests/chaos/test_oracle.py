"""What counts as lost, doubled, torn and reordered."""

from oracle import SIZE, Moved, Verdict, judge, place, value


def lines(*sequences, partition=0):
    return [value(partition, sequence) + b"\n" for sequence in sequences]


def of(produced, *files, moves=()):
    verdict = judge(produced, files, moves)
    return verdict.lost, verdict.doubled, verdict.torn, verdict.reordered


def test_every_byte_of_a_record_follows_from_its_place():
    assert place(value(3, 1234567890)) == (3, 1234567890)
    whole = value(3, 17)
    assert len(whole) == SIZE
    assert place(whole[:-1]) is None and place(whole + b"1") is None and place(b"") is None
    for at in range(SIZE):
        assert place(whole[:at] + b"\0" + whole[at + 1:]) != (3, 17)


def test_all_once_and_in_order_is_exact():
    verdict = judge([3, 2], [lines(0, 1, 2), lines(0, 1, partition=1)])
    assert verdict.exact() and verdict == Verdict(records=5)


def test_partitions_may_be_mixed_in_a_file_and_split_over_files():
    assert of([4, 2], lines(0) + lines(0, 1, partition=1) + lines(3), lines(1, 2)) == (0, 0, 0, 0)


def test_what_is_in_no_file_is_lost():
    assert of([3, 2], lines(0, 2)) == (3, 0, 0, 0)


def test_each_time_beyond_the_first_is_a_double_wherever_it_stands():
    assert of([3], lines(0, 1, 2, 1), lines(1)) == (0, 2, 0, 0)


def test_a_record_that_comes_behind_a_later_one_is_reordered_and_a_double_is_not():
    assert of([4], lines(0, 2, 1, 3)) == (0, 0, 0, 1)
    assert of([4], lines(0, 1, 2, 1, 2, 3)) == (0, 2, 0, 0)


def test_a_line_that_is_no_record_is_torn():
    half = value(0, 1)[:40]
    assert of([3], lines(0) + [half + lines(1)[0]] + lines(2)) == (1, 0, 1, 0)
    assert of([3], [*lines(0, 1, 2), half]) == (0, 0, 1, 0)
    assert of([3], [*lines(0, 1), value(0, 2)]) == (1, 0, 1, 0)  # without its newline
    assert of([3], [*lines(0, 1, 2), b"\n", b"\0\0\0\0\n"]) == (0, 0, 2, 0)


def test_what_nobody_produced_is_torn():
    assert of([1], lines(0, 1) + lines(0, partition=7)) == (0, 0, 2, 0)


def test_what_was_moved_back_to_is_wanted_again():
    moves = [Moved(0, at=3, to=1)]
    assert of([5], lines(0, 1, 2, 1, 2, 3, 4), moves=moves) == (0, 0, 0, 0)
    assert of([5], lines(0, 1, 2, 3, 4), moves=moves) == (2, 0, 0, 0)
    assert of([5], lines(0, 1, 2, 1, 2, 1, 3, 4), moves=moves) == (0, 1, 0, 0)
    assert of([5], lines(0, 2, 1, 2, 3, 4), moves=moves) == (1, 0, 0, 0)
    assert of([5], lines(0, 2, 3, 4), moves=moves) == (3, 0, 0, 0)  # 1 never came, 2 not again


def test_what_was_passed_over_is_not_wanted():
    moves = [Moved(0, at=1, to=3)]
    assert of([5], lines(0, 3, 4), moves=moves) == (0, 0, 0, 0)
    assert of([5], lines(0, 1, 3, 4), moves=moves) == (0, 1, 0, 0)
    assert of([5], lines(0, 4), moves=moves) == (1, 0, 0, 0)


def test_moves_add_up():
    moves = [Moved(0, at=1, to=3), Moved(0, at=4, to=0)]
    assert of([5], lines(0, 3, 0, 1, 2, 3, 4), moves=moves) == (0, 0, 0, 0)


def test_to_go_back_to_what_was_passed_over_is_no_other_order():
    moves = [Moved(0, at=1, to=3), Moved(0, at=4, to=1)]
    assert of([5], lines(0, 3, 1, 2, 3, 4), moves=moves) == (0, 0, 0, 0)
