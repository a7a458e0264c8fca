DROP TABLE privacy_key_check, do_not_call;
