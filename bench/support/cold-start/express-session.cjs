require('express-session')
