"""What the tests' handlers share for the process's life: FreeSWITCH does not read this file anew."""

from minibot_fs.switch.media_bug import FrameReader

READER = FrameReader()
