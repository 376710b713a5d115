"""What a person should hear of while others work: assigned, returned, mentioned, an import finished."""
