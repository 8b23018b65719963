"""HTTP on AWS Lambda: an event of API Gateway, of a function URL or of a load balancer becomes a
request of the application, by the library apig-wsgi.

function  what Lambda calls: made once, with the application in it
events    which kinds of events there are, and what of each is trusted
requests  what apig-wsgi leaves to be done before the application gets a request
answers   what Lambda takes as an answer, and how large
"""

from portal.lambda_http.function import Context, Function, StartError, function_of, open_function

__all__ = ["Context", "Function", "StartError", "function_of", "open_function"]
