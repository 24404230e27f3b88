// Package progress is what a run remembers for the next one, and how the next one proves that it is still true.
//
// CloudQuery does not tell a source whether its rows were written, and a run may end at any moment. So the checkpoint
// of a table and account is a claim in three parts:
//
//   - Positions: all records up to there were sent. They move only over records that were sent.
//   - Sent and Rest: fingerprints of the rows that the destination must have if all of them arrived. A fingerprint is a
//     count and a sum of hashes over keys and versions, so that rows may come back in any order. Sent is of the rows of
//     the last run, cut into up to 64 segments by update_time; Rest is of all older ones.
//   - Finished: whether the run that left the checkpoint ended well. If it did not, only Verified is certain, which
//     are the positions from which it went on.
//
// The next run reads keys, versions and sync times back from the destination ([ReadBack]), which costs no API tokens,
// and reconciles them with the claim ([Tracker.Reconcile]):
//
//	all segments of Sent and Rest match   it goes on from Positions
//	a segment of Sent does not match      it goes on from the end of the segment before
//	Rest does not match                   it reads the table from its beginning
//	the destination can't be seen         it goes on from Positions if the run was finished, else from Verified
//
// That takes time for each row that is there. So a run that reads a table back and sends little leaves a ledger: the exact keys and
// versions of the rows that it and runs after it send. As long as it tells enough ([Tracker.due]), runs go on from Positions, and the
// next one that reads the table back proves what all of them sent.
//
// Rows of the last run are told from older ones by their sync time. A record counts once, by its newest version, so
// that destinations that append are verified as those that overwrite. A destination of which rows are missing run after
// run is given up for a day.
//
// The order of writes keeps the claim true. The checkpoint that a run begins with is stored before its first row is
// sent ([Tracker.StoreBeginning]), since from then on rows of the last run are overwritten. While it reads, it stores
// unfinished checkpoints now and then ([Tracker.StoreReached]). When all tables of all accounts succeeded,
// [State.Finish] stores the finished ones.
//
// A checkpoint belongs to a [Form]. A full refresh finds deletions by the same read-back: rows that a reading of all
// records has not brought ([Missing]). A row that is marked as gone counts as not there. Whether removals arrived is a
// claim, too: the checkpoint lists the rows, and a later run that still sees them removes them again.
//
// A [Lease] keeps two runs of one spec from each other's checkpoints.
package progress
