// Package progress is the memory of a run for the next one, and the proof that the memory is still true.
//
// CloudQuery does not tell a source whether its rows were written, and a run may end at any moment. So the checkpoint
// of an account's table is a claim with three parts:
//
//   - Positions: all records up to there were sent. They move only over records that were sent.
//   - Sent and Rest: fingerprints of the rows that the destination must have if all of them arrived. A fingerprint is a
//     count and a sum of hashes over keys and versions, so it does not depend on the order of rows. Sent has the rows of
//     the last run, cut into up to 64 segments by update_time. Rest has all older rows.
//   - Finished: whether the checkpoint's run ended well. If it did not, only Verified is certain: the positions at the
//     start of that run.
//
// The next run reads keys, versions and sync times back from the destination ([ReadBack]), which costs no API tokens.
// Then it reconciles them with the claim ([Tracker.Reconcile]):
//
//	all segments of Sent and Rest match     it continues from Positions
//	a segment of Sent does not match        it continues from the end of the segment before
//	Rest does not match                     it reads the table from its beginning
//	the destination can't be read           it continues from Positions if the run was finished, else from Verified
//
// A read-back takes time for each row at the destination. So a run that reads a table back and sends few rows leaves a
// ledger: the keys and versions of the rows that it and later runs send. While the ledger suffices ([Tracker.due]),
// runs continue from Positions without a read-back. The next read-back proves the rows of all of them.
//
// Rows of the last run are distinguished from older ones by their sync time. A record counts once, by its newest
// version. So destinations that append are verified like those that overwrite. If rows are missing run after run, the
// plugin stops reading them again for a day.
//
// The order of writes keeps the claim true. The checkpoint at the beginning of a run is stored before the first row is
// sent ([Tracker.StoreBeginning]), because from then on rows of the last run are overwritten. While the run reads, it
// stores unfinished checkpoints at intervals ([Tracker.StoreReached]). When all tables of all accounts have succeeded,
// [State.Finish] stores the finished ones.
//
// A checkpoint belongs to a [Form]. A full refresh finds deletions by the same read-back: rows that a reading of all
// records did not return ([Missing]). A row that is marked as removed counts as absent. The arrival of removals is a
// claim too: the checkpoint lists the rows, and a later run that still finds them removes them again.
//
// A [Lease] prevents two runs of one spec from overwriting each other's checkpoints.
package progress
