-- A delivery that is sent again looks for its own dead letters.
CREATE INDEX dead_letters_of_delivery ON dead_letters (delivery);
